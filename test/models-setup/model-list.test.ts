import { describe, expect, it } from "vitest";
import { type ListQuery, listModels, modelListCard } from "../../commands/model-list.ts";
import type { Figure } from "../../src/models/figure.ts";
import type { ModelProfile } from "../../src/registry/model-profile.ts";
import { ARCHITECTURES } from "../../src/registry/published-models.ts";
import { NO_FACTS, testProfile } from "../registry/test-profile.ts";
import { machineWith } from "./setup-lab.ts";

const figure = <T>(value: T, origin: Figure<T>["origin"] = "measured"): Figure<T> => ({
  value,
  origin,
  source: "a test",
  date: "2026-11-22",
});
const server = { id: "ollama", kind: "ollama", baseUrl: "http://127.0.0.1:11434" } as const;
const local = { kind: "local", evidence: "" } as const;

const CLAUDE = testProfile("anthropic/claude", {
  windowTokens: 200_000,
  locality: { kind: "cloud", evidence: "" },
  facts: {
    ...NO_FACTS,
    contextLength: figure(1_000_000),
    ratings: [{ task: "code", score: figure(80) }],
    price: figure({ tiers: [{ input: 2, output: 10, cacheRead: 0, cacheWrite: 0 }] }),
  },
});
const CODER = testProfile("ollama/coder:32b", {
  locality: local,
  server,
  requestedContextTokens: 32_768,
  served: { name: "coder:32b", loaded: true },
  facts: {
    ...NO_FACTS,
    contextLength: figure(32_768),
    diskBytes: figure(19.8e9),
    architecture: ARCHITECTURES.qwen25_32b,
    toolCalls: figure("text" as const, "published"),
    speeds: [{ depthTokens: 0, decode: figure(11.3), prefill: undefined }],
    price: figure({ tiers: [{ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }] }),
  },
});
const HUGE = testProfile("ollama/huge:400b", {
  locality: local,
  server,
  facts: {
    ...NO_FACTS,
    diskBytes: figure(230e9),
    architecture: { ...ARCHITECTURES.llama31_70b, parameters: 400e9, activeParameters: 400e9 },
  },
});
const ODD = testProfile("box/odd", { windowTokens: undefined });
const ALL = [ODD, HUGE, CODER, CLAUDE];

const list = async (query: ListQuery, models: readonly ModelProfile[] = ALL) =>
  listModels(models, await machineWith(), query);
const names = async (query: ListQuery) => (await list(query)).map(({ profile }) => profile.ref.model);

describe("listModels", () => {
  it.each([
    [{}, ["claude", "odd", "coder:32b", "huge:400b"]],
    [{ only: ["local"] }, ["coder:32b", "huge:400b"]],
    [{ only: ["cloud"] }, ["claude", "odd"]],
    [{ only: ["loaded"] }, ["coder:32b"]],
    [{ only: ["local", "fits"] }, ["coder:32b"]],
    [{ sort: "speed" }, ["coder:32b", "huge:400b", "claude", "odd"]],
    [{ sort: "size" }, ["huge:400b", "coder:32b", "claude", "odd"]],
    [{ sort: "window" }, ["claude", "coder:32b", "huge:400b", "odd"]],
    [{ sort: "rating" }, ["claude", "odd", "coder:32b", "huge:400b"]],
  ] as const)("%j", async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it("judges only what runs on this machine", async () => {
    const remote = { ...CODER, server: { ...server, baseUrl: "http://10.0.0.7:11434" } };
    const [here] = await list({}, [CODER]);
    const [there] = await list({}, [remote]);
    expect(here?.fit?.kind).toBe("fits");
    expect(there?.fit).toBeUndefined();
  });
});

describe("modelListCard", () => {
  it("shows what is known, and ? where nothing is", async () => {
    const { table, title } = modelListCard(await list({}), "terminal");
    expect(title).toBe("4 models, 2 local");
    expect(table?.rows).toEqual([
      ["anthropic/claude", "cloud", "", "200k / 1M", "?", "–", "?", "?", "code 80", "2 / 10"],
      ["box/odd", "unknown", "", "?", "?", "–", "?", "?", "?", "?"],
      ["ollama/coder:32b", "local", "yes", "32.8k", "19.8 GB", "yes", "11", "broken", "?", "free"],
      ["ollama/huge:400b", "local", "", "32.8k / ?", "230.0 GB", "no", expect.stringMatching(/^~/), "?", "?", "?"],
    ]);
  });

  it("has six columns for a chat", async () => {
    const { table } = modelListCard(await list({ only: ["loaded"] }));
    expect(table).toEqual({
      columns: ["Model", "Where", "Window", "Fits", "Tok/s", "Tools"],
      rows: [["ollama/coder:32b", "local", "32.8k", "yes", "11", "broken"]],
    });
    expect(modelListCard([]).table).toBeUndefined();
  });
});
