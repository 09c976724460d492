import { describe, expect, it } from "vitest";
import { canaryPortIn, guardSlots, isConfigured, leftoverSlots } from "../../src/guard/guard-config.ts";
import { withSlot } from "../../src/openclaw/config-slots.ts";

const GUARD = { path: "/s/guard/plugin", directory: "/s/guard", canaryPort: 20_000 };
const put = (authored: unknown, guard = GUARD): unknown =>
  guardSlots(authored, guard).reduce<unknown>(withSlot, authored);
const taken = (authored: unknown): unknown => leftoverSlots(authored, GUARD.path).reduce<unknown>(withSlot, authored);

describe("what OpenClaw's configuration has to hold", () => {
  it("is all there is where there was nothing", () => {
    expect(put({})).toEqual({
      plugins: {
        load: { paths: [GUARD.path] },
        entries: {
          "clutch-guard": {
            enabled: true,
            hooks: { allowConversationAccess: true },
            config: { directory: GUARD.directory, canaryPort: 20_000 },
          },
        },
      },
      models: {
        providers: {
          "clutch-canary": {
            api: "anthropic-messages",
            baseUrl: "http://127.0.0.1:20000",
            apiKey: "canary",
            models: [
              {
                id: "canary",
                name: "Clutch canary",
                contextWindow: 200_000,
                maxTokens: 1_000,
                cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
              },
            ],
          },
        },
      },
    });
  });

  it("leaves what others put there, and is the same the second time", () => {
    const authored = {
      plugins: {
        load: { paths: ["/mine"] },
        allow: ["ollama"],
        deny: ["other"],
        entries: { "clutch-guard": { enabled: false, hooks: { timeoutMs: 5_000 } }, ollama: {} },
      },
    };
    const once = put(authored);
    expect(once).toMatchObject({
      plugins: {
        load: { paths: ["/mine", GUARD.path] },
        allow: ["ollama", "clutch-guard"],
        deny: ["other"],
        entries: {
          "clutch-guard": { enabled: true, hooks: { timeoutMs: 5_000, allowConversationAccess: true } },
          ollama: {},
        },
      },
    });
    expect(put(once)).toEqual(once);
    expect([isConfigured(authored, GUARD.path), isConfigured(once, GUARD.path)]).toEqual([false, true]);
    expect([canaryPortIn(authored), canaryPortIn(once)]).toEqual([undefined, 20_000]);
  });

  it("makes no list of what is allowed where there was none", () => {
    for (const allow of [undefined, []]) expect(put({ plugins: { allow } })).not.toHaveProperty("plugins.allow.0");
  });

  it.each<[object, RegExp]>([
    [{ enabled: false }, /switched off \(plugins\.enabled\)/],
    [{ deny: ["a", "clutch-guard"] }, /plugins\.deny names clutch-guard/],
  ])("is refused where somebody forbids it: %j", (plugins, message) => {
    expect(() => put({ plugins })).toThrow(
      expect.objectContaining({ code: "bad_config", message: expect.stringMatching(message) }),
    );
  });

  it("is taken out again by itself, whoever put it there", () => {
    const others = {
      plugins: { load: { paths: ["/mine"] }, allow: ["ollama"], entries: { ollama: {} } },
      models: { providers: { ollama: {} } },
    };
    expect(taken(put(others))).toEqual(others);
    expect(taken(others)).toEqual(others);
    expect(taken(put({}))).toEqual({ plugins: { entries: {} }, models: { providers: {} } });
  });
});
