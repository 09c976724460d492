import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findLocalGateway } from "../../src/openclaw/find-gateway.ts";
import { temporaryDir } from "./support.ts";

/** Answers as a gateway does, and keeps what was asked. */
function gatewayAt(asked: string[], body: unknown = { ready: true }, status = 200): typeof globalThis.fetch {
  return async (input) => {
    asked.push(String(input));
    return new Response(JSON.stringify(body), { status });
  };
}
const refused: typeof globalThis.fetch = async () => {
  throw new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } });
};

async function look(
  config: string | object | undefined,
  env: Record<string, string> = {},
  fetch: typeof globalThis.fetch = gatewayAt([]),
  dotenv?: string,
) {
  const home = await temporaryDir();
  await mkdir(join(home, ".openclaw"));
  const configPath = join(home, ".openclaw", "openclaw.json");
  if (config !== undefined) await writeFile(configPath, typeof config === "string" ? config : JSON.stringify(config));
  if (dotenv !== undefined) await writeFile(join(home, ".openclaw", ".env"), dotenv);
  const before = await readdir(home, { recursive: true });
  const found = await findLocalGateway({ env, home, fetch });
  expect(await readdir(home, { recursive: true }), "only reads").toEqual(before);
  return { found, configPath, home };
}

describe("findLocalGateway", () => {
  it("finds nothing where there is no configuration, and asks no port", async () => {
    const asked: string[] = [];
    expect((await look(undefined, {}, gatewayAt(asked))).found).toEqual({ state: "none" });
    expect(asked).toEqual([]);
  });

  it("reads JSON5 and asks the configured port", async () => {
    const asked: string[] = [];
    const config = "// mine\n{ gateway: { port: 4711, auth: { token: 'abc', }, }, }";
    const { found, configPath } = await look(config, {}, gatewayAt(asked));
    expect(found).toEqual({ state: "running", url: "ws://127.0.0.1:4711", token: "abc", configPath });
    expect(asked).toEqual(["http://127.0.0.1:4711/readyz"]);
  });

  it("counts a gateway that still starts as running", async () => {
    const { found } = await look({}, {}, gatewayAt([], { ready: false, failing: ["startup-sidecars"] }, 503));
    expect(found).toMatchObject({ state: "running", url: "ws://127.0.0.1:18789" });
  });

  it.each<[string, typeof globalThis.fetch]>([
    ["nothing answers", refused],
    ["something else answers", gatewayAt([], { hello: "world" })],
    [
      "it answers too late",
      (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(init.signal?.reason))),
    ],
  ])("says stopped where %s", async (_, fetch) => {
    const { found, configPath } = await look({ gateway: { auth: { token: "abc" } } }, {}, fetch);
    expect(found).toEqual({ state: "stopped", url: "ws://127.0.0.1:18789", configPath });
  });

  it("counts a configuration that cannot be read as one with every default", async () => {
    const { found } = await look("{ nonsense");
    expect(found).toMatchObject({ state: "running", url: "ws://127.0.0.1:18789" });
  });

  it("takes odd values for absent, each by itself", async () => {
    const { found } = await look(
      { gateway: { port: "x", auth: { token: 7, mode: [] }, remote: "no" }, env: 3 },
      { OPENCLAW_GATEWAY_TOKEN: "t" },
    );
    expect(found).toMatchObject({ state: "running", url: "ws://127.0.0.1:18789", token: "t" });
  });
});

describe("where it looks", () => {
  it.each([
    ["OPENCLAW_CONFIG_PATH", (home: string) => ({ OPENCLAW_CONFIG_PATH: join(home, "else.json") }), "else.json"],
    ["OPENCLAW_CONFIG_PATH with ~", () => ({ OPENCLAW_CONFIG_PATH: "~/else.json" }), "else.json"],
    ["OPENCLAW_STATE_DIR", (home: string) => ({ OPENCLAW_STATE_DIR: join(home, "state") }), "state/openclaw.json"],
    ["OPENCLAW_HOME", (home: string) => ({ OPENCLAW_HOME: join(home, "other") }), "other/.openclaw/openclaw.json"],
    ["an empty variable as none", () => ({ OPENCLAW_STATE_DIR: " " }), ".openclaw/openclaw.json"],
  ])("follows %s", async (_, env, path) => {
    const home = await temporaryDir();
    const configPath = join(home, path);
    await mkdir(join(configPath, ".."), { recursive: true });
    await writeFile(configPath, "{gateway:{port:5}}");
    expect(await findLocalGateway({ env: env(home), home, fetch: refused })).toEqual({
      state: "stopped",
      url: "ws://127.0.0.1:5",
      configPath,
    });
  });
});

describe("its address", () => {
  it.each<[string, object, Record<string, string>, string]>([
    ["the variable beats the config", { port: 5 }, { OPENCLAW_GATEWAY_PORT: "6" }, "ws://127.0.0.1:6"],
    ["a variable with an address", {}, { OPENCLAW_GATEWAY_PORT: "127.0.0.1:6" }, "ws://127.0.0.1:6"],
    ["a variable that is no port", { port: 5 }, { OPENCLAW_GATEWAY_PORT: "99999" }, "ws://127.0.0.1:5"],
    ["TLS", { tls: { enabled: true } }, {}, "wss://127.0.0.1:18789"],
    ["a remote gateway", { mode: "remote", port: 5, remote: { url: "wss://box.ts.net/x" } }, {}, "wss://box.ts.net/x"],
    ["a remote gateway without address", { mode: "remote", port: 5 }, {}, "ws://127.0.0.1:5"],
    [
      "a remote address that is not in use",
      { mode: "local", remote: { url: "wss://box" } },
      {},
      "ws://127.0.0.1:18789",
    ],
  ])("%s", async (_, gateway, env, url) => {
    const asked: string[] = [];
    expect((await look({ gateway }, env, gatewayAt(asked))).found).toMatchObject({ url });
    expect(asked[0]).toBe(new URL("/readyz", url.replace(/^ws/, "http")).href);
  });

  it("counts a certificate that cannot be verified as an answer", async () => {
    const fetch = async () => {
      throw new TypeError("fetch failed", { cause: { code: "DEPTH_ZERO_SELF_SIGNED_CERT" } });
    };
    expect((await look({ gateway: { tls: { enabled: true } } }, {}, fetch)).found).toMatchObject({ state: "running" });
  });
});

describe("its token", () => {
  const fromEnv = (id: string) => ({ source: "env", provider: "default", id });
  it.each<[string, object, Record<string, string>, string | undefined]>([
    ["as it stands", { auth: { token: "abc" } }, {}, "abc"],
    ["before the environment's", { auth: { token: "abc" } }, { OPENCLAW_GATEWAY_TOKEN: "env" }, "abc"],
    ["from the environment", {}, { OPENCLAW_GATEWAY_TOKEN: "env" }, "env"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: OpenClaw's own notation
    ["from ${NAME}", { auth: { token: "${MY_TOKEN}" } }, { MY_TOKEN: "mine" }, "mine"],
    ["from $NAME", { auth: { token: "$MY_TOKEN" } }, { MY_TOKEN: "mine" }, "mine"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: OpenClaw's own notation
    ["with $${ as it is meant", { auth: { token: "$${MY_TOKEN}" } }, { MY_TOKEN: "mine" }, "${MY_TOKEN}"],
    ["from a reference", { auth: { token: fromEnv("MY_TOKEN") } }, { MY_TOKEN: "mine" }, "mine"],
    [
      "not replaced where its variable is missing",
      { auth: { token: fromEnv("GONE") } },
      { OPENCLAW_GATEWAY_TOKEN: "env" },
      undefined,
    ],
    [
      "not where only OpenClaw can look it up",
      { auth: { token: { source: "exec", provider: "vault", id: "x" } } },
      {},
      undefined,
    ],
    ["not without authentication", { auth: { mode: "none", token: "abc" } }, {}, undefined],
    ["the password in its place", { auth: { mode: "password", password: "pw", token: "abc" } }, {}, "pw"],
    ["the remote one as a last resort", { remote: { token: "far" } }, {}, "far"],
    [
      "the remote one first for a remote gateway",
      { mode: "remote", remote: { url: "ws://box", token: "far" }, auth: { token: "near" } },
      {},
      "far",
    ],
  ])("is taken %s", async (_, gateway, env, token) => {
    const { found } = await look({ gateway }, env);
    expect(found).toMatchObject({ state: "running" });
    expect("token" in found ? found.token : undefined).toBe(token);
  });

  it("comes from OpenClaw's .env, but the environment beats it", async () => {
    const dotenv = "OPENCLAW_GATEWAY_TOKEN='from-dotenv'\n";
    expect((await look({}, {}, gatewayAt([]), dotenv)).found).toMatchObject({ token: "from-dotenv" });
    expect((await look({}, { OPENCLAW_GATEWAY_TOKEN: "env" }, gatewayAt([]), dotenv)).found).toMatchObject({
      token: "env",
    });
  });

  it("comes from the config's own variables", async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: OpenClaw's own notation
    const config = { env: { vars: { T: "from-vars" } }, gateway: { auth: { token: "${T}" } } };
    expect((await look(config)).found).toMatchObject({ token: "from-vars" });
  });
});
