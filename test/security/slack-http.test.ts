import { createHmac } from "node:crypto";
import { connect } from "node:net";
import { describe, expect, it, vi } from "vitest";
import { openSlack } from "../adapters/slack/slack-harness.ts";
import { modelCore } from "../adapters/slack/test-core.ts";

const PATIENCE = { timeout: 8_000, interval: 10 };

/** A request as it goes over the wire, and everything that came back until the connection was closed. */
function raw(url: string, head: readonly string[], body = "", trickle?: { readonly everyMs: number }): Promise<string> {
  const { hostname, port, pathname } = new URL(url);
  const lines = [`POST ${pathname} HTTP/1.1`, `Host: ${hostname}`, ...head];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let said = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    socket.once("close", () => resolve(said));
    socket.once("error", (error: NodeJS.ErrnoException) => (error.code === "ECONNRESET" ? undefined : reject(error)));
    if (trickle === undefined) {
      socket.write(`${lines.join("\r\n")}\r\nConnection: close\r\n\r\n${body}`);
      return;
    }
    socket.write(`${lines.join("\r\n")}\r\n`);
    const timer = setInterval(() => socket.write(body), trickle.everyMs);
    socket.once("close", () => clearInterval(timer));
  });
}

const status = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

async function started() {
  const harness = await openSlack("http");
  const core = modelCore();
  await harness.start(core.dispatch);
  const { slack } = harness;
  const url = slack.app.requestUrl ?? "";
  const ann = slack.person();
  const bodyOf = (text: string): string =>
    new URLSearchParams(
      Object.entries(ann.payload("slash", "/model", text)).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]),
    ).toString();
  const sign = (body: string, at = Math.floor(Date.now() / 1_000)) => ({
    stamp: `X-Slack-Request-Timestamp: ${at}`,
    signature: `X-Slack-Signature: v0=${createHmac("sha256", slack.app.signingSecret).update(`v0:${at}:${body}`).digest("hex")}`,
  });
  const head = (body: string, ...more: readonly string[]): string[] => [
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...more,
  ];
  /** The next good command is answered, and is all that was run. */
  const onlyTheGoodOneRan = async (): Promise<void> => {
    expect((await ann.slash("/model", "good")).acked).toBe(true);
    await vi.waitFor(() => expect(core.invocations.map(({ line }) => line)).toContain("/model good"), PATIENCE);
    expect(core.invocations.filter(({ line }) => line !== "/model good")).toEqual([]);
  };
  return { ...harness, core, url, ann, bodyOf, sign, head, onlyTheGoodOneRan };
}

describe("a request that somebody caught on its way", () => {
  it("runs once, with the same signature and with an honest one for the same trigger", async () => {
    const { core, url, bodyOf, sign, head } = await started();
    const body = bodyOf("once");
    const { stamp, signature } = sign(body);
    const later = sign(body, Math.floor(Date.now() / 1_000) - 60);
    const answers = [
      await raw(url, head(body, stamp, signature), body),
      await raw(url, head(body, stamp, signature), body),
      await raw(url, head(body, later.stamp, later.signature), body),
    ];
    expect(answers.map(status)).toEqual([200, 200, 200]);
    await vi.waitFor(() => expect(core.invocations).toHaveLength(1), PATIENCE);
  });

  it.each([
    { what: "sent with another moment", change: (at: number) => `X-Slack-Request-Timestamp: ${at + 1}` },
    { what: "sent with a moment that is no number", change: () => "X-Slack-Request-Timestamp: soon" },
    { what: "sent with an empty moment", change: () => "X-Slack-Request-Timestamp:" },
  ])("is refused: $what", async ({ change }) => {
    const { url, bodyOf, sign, head, onlyTheGoodOneRan } = await started();
    const body = bodyOf("evil");
    const { signature } = sign(body);
    expect(status(await raw(url, head(body, change(Math.floor(Date.now() / 1_000)), signature), body))).toBe(401);
    await onlyTheGoodOneRan();
  });
});

describe("headers that come twice", () => {
  it.each([
    { what: "a good signature behind a wrong one", order: ["stamp", "wrong", "signature"] },
    { what: "a wrong signature behind a good one", order: ["stamp", "signature", "wrong"] },
    { what: "the signature itself", order: ["stamp", "signature", "signature"] },
    { what: "the moment", order: ["stamp", "stamp", "signature"] },
    { what: "an old moment behind a new one", order: ["stamp", "old", "signature"] },
  ] as const)("are refused: $what", async ({ order }) => {
    const { url, bodyOf, sign, head, onlyTheGoodOneRan } = await started();
    const body = bodyOf("evil");
    const parts = {
      ...sign(body),
      wrong: `X-Slack-Signature: v0=${"0".repeat(64)}`,
      old: "X-Slack-Request-Timestamp: 1000000000",
    };
    expect(status(await raw(url, head(body, ...order.map((name) => parts[name])), body))).toBe(401);
    await onlyTheGoodOneRan();
  });
});

describe("what is too much", () => {
  it("is not read to its end: a body above the limit, announced or not", async () => {
    const { url, sign, head, onlyTheGoodOneRan } = await started();
    const body = `text=${"x".repeat(1_100_000)}`;
    const { stamp, signature } = sign(body);
    const announced = await raw(url, head(body, stamp, signature), body);
    const chunk = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const chunked = await raw(
      url,
      ["Content-Type: application/x-www-form-urlencoded", "Transfer-Encoding: chunked", stamp, signature],
      chunk,
    );
    for (const answer of [announced, chunked]) expect(status(answer)).not.toBe(200);
    await onlyTheGoodOneRan();
  });

  it("is refused: headers above Node's limit, and a request line that is no address", async () => {
    const { url, bodyOf, sign, head, onlyTheGoodOneRan } = await started();
    const body = bodyOf("evil");
    const { stamp, signature } = sign(body);
    expect(status(await raw(url, head(body, stamp, signature, `X-Long: ${"x".repeat(20_000)}`), body))).toBe(431);
    const { origin } = new URL(url);
    expect(status(await raw(`${origin}//[`, head(body, stamp, signature), body))).toBe(404);
    await onlyTheGoodOneRan();
  });

  it("is cut off: whoever trickles headers or a body, while others are served", async () => {
    const { url, ann, core } = await started();
    const slow = [
      raw(url, [], "X-Slow: 1\r\n", { everyMs: 500 }),
      raw(url, ["Content-Length: 100000", ""], "x", { everyMs: 500 }),
    ];
    expect((await ann.slash("/model", "meanwhile")).acked).toBe(true);
    for (const answer of await Promise.all(slow)) expect(status(answer)).toBe(408);
    expect(core.invocations.map(({ line }) => line)).toEqual(["/model meanwhile"]);
  });
});
