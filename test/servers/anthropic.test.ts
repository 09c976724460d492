import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { startAnthropicStandIn } from "../../src/sandbox/stand-in-anthropic.ts";
import { createAnthropicServer } from "../../src/servers/anthropic.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import { modelServerSuite } from "./model-server.suite.ts";

modelServerSuite({
  kind: "anthropic",
  create: createAnthropicServer,
  start: () =>
    startAnthropicStandIn({
      models: [
        { id: "claude-sonnet-5", name: "Claude Sonnet 5" },
        { id: "claude-haiku-4-5", name: "Claude Haiku 4.5" },
      ],
      answer: () => ({ text: "hi" }),
    }),
  models: ["claude-sonnet-5", "claude-haiku-4-5"],
  keyHeader: (key) => ({ name: "x-api-key", value: key }),
  oddList: { data: [{ id: 5 }, { id: "good", max_input_tokens: "many" }, "claude"] },
});

describe("the Anthropic driver", () => {
  let close = async (): Promise<void> => undefined;
  afterEach(() => close());
  const never = (): AbortSignal => new AbortController().signal;

  /** A server whose pages follow a cursor: `pages` by the `after_id` that asks for them. */
  async function paged(pages: (after: string | null) => unknown) {
    const asked: URL[] = [];
    const versions: unknown[] = [];
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://here");
      asked.push(url);
      versions.push(request.headers["anthropic-version"]);
      response.end(JSON.stringify(pages(url.searchParams.get("after_id"))));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    close = async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    };
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const driver = createModelServer("anthropic", {
      id: "anthropic",
      baseUrl,
      fetch: globalThis.fetch,
      timeoutMs: 10_000,
    });
    return { driver, asked, versions };
  }

  it("reads all pages and the windows that they state", async () => {
    const { driver, asked, versions } = await paged((after) =>
      after === null
        ? { data: [{ id: "a", max_input_tokens: 1_000_000 }, { id: "b" }], has_more: true, last_id: "b" }
        : { data: [{ id: "c&d", max_input_tokens: null }], has_more: false, last_id: "c&d" },
    );
    expect(await driver.list(never())).toEqual([
      { name: "a", contextLength: 1_000_000 },
      { name: "b" },
      { name: "c&d" },
    ]);
    expect(asked.map(({ pathname, search }) => pathname + search)).toEqual([
      "/v1/models?limit=1000",
      "/v1/models?limit=1000&after_id=b",
    ]);
    expect(versions).toEqual(["2023-06-01", "2023-06-01"]);
  });

  it("gives up on pages without end", async () => {
    const { driver, asked } = await paged(() => ({ data: [{ id: "a" }], has_more: true, last_id: "a" }));
    await expect(driver.list(never())).rejects.toMatchObject({ code: "server_unreachable" });
    expect(asked).toHaveLength(20);
  });

  it("stops where the next page cannot be asked for", async () => {
    const { driver } = await paged(() => ({ data: [{ id: "a" }], has_more: true, last_id: null }));
    expect(await driver.list(never())).toEqual([{ name: "a" }]);
  });

  it("asks for one model only to see whether the server is well", async () => {
    const { driver, asked } = await paged(() => ({ data: [] }));
    expect((await driver.health(never())).ok).toBe(true);
    expect(asked.map(({ search }) => search)).toEqual(["?limit=1"]);
  });
});
