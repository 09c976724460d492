import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import JSON5 from "json5";
import { z } from "zod";

/** The person's own OpenClaw, as its configuration and one look at its port show it. */
export type LocalGateway =
  | { readonly state: "running"; readonly url: string; readonly token?: string; readonly configPath: string }
  /** Configured, but nothing at `url` answers as a gateway does. */
  | { readonly state: "stopped"; readonly url: string; readonly configPath: string }
  | { readonly state: "none" };

type Env = Readonly<Record<string, string | undefined>>;

const DEFAULT_PORT = 18789;
const PROBE_MS = 700;

const secretRef = z.object({ source: z.string(), id: z.string() });
const secret = z.union([z.string(), secretRef]).optional().catch(undefined);
const text = z.string().optional().catch(undefined);
const credentials = { token: secret, password: secret };
const section = <T extends z.ZodRawShape>(shape: T) =>
  z
    .object(shape)
    .prefault({} as never)
    .catch({} as never);

const configSchema = section({
  env: section({ vars: z.record(z.string(), z.string()).prefault({}).catch({}) }),
  gateway: section({
    mode: text,
    port: z.number().int().positive().optional().catch(undefined),
    auth: section({ mode: text, ...credentials }),
    tls: section({ enabled: z.boolean().optional().catch(undefined) }),
    remote: section({ url: text, ...credentials }),
  }),
});
type GatewaySection = z.output<typeof configSchema>["gateway"];

/**
 * Finds the person's OpenClaw by its configuration (JSON5) and asks its port once,
 * for 700 ms. Reads only. A token that is kept where only OpenClaw can look it up,
 * such as a secret store, stays undefined. Never throws: a configuration that
 * cannot be read counts as one with every default.
 */
export async function findLocalGateway(search: {
  readonly env: Env;
  /** The person's home directory. */
  readonly home: string;
  readonly fetch: typeof globalThis.fetch;
}): Promise<LocalGateway> {
  const configured = await readLocalGateway(search);
  if (configured === undefined) return { state: "none" };
  const { token: _, ...stopped } = configured;
  return (await answers(configured.url, search.fetch))
    ? { state: "running", ...configured }
    : { state: "stopped", ...stopped };
}

/** What the configuration of the person's OpenClaw says, whether it runs or not; undefined where there is none. */
export async function readLocalGateway(search: {
  readonly env: Env;
  readonly home: string;
}): Promise<{ readonly url: string; readonly token?: string; readonly configPath: string } | undefined> {
  const configPath = configPathOf(search.env, search.home);
  const written = await readFile(configPath, "utf8").catch((error: NodeJS.ErrnoException) =>
    error.code === "ENOENT" ? undefined : "",
  );
  if (written === undefined) return undefined;

  const config = configSchema.parse(parseJson5(written));
  // As OpenClaw does: the environment first, then its `.env`, then the config's own variables.
  const dotenv = await readFile(join(dirname(configPath), ".env"), "utf8").catch(() => "");
  const env: Env = { ...config.env.vars, ...parseEnv(dotenv), ...search.env };
  const token = tokenOf(config.gateway, env);
  return { url: urlOf(config.gateway, env), ...(token === undefined ? {} : { token }), configPath };
}

function configPathOf(env: Env, home: string): string {
  const base = given(env["OPENCLAW_HOME"]) ?? home;
  const expand = (path: string): string => (/^~(?=$|\/)/.test(path) ? join(base, path.slice(1)) : resolve(path));
  const file = given(env["OPENCLAW_CONFIG_PATH"]);
  if (file !== undefined) return expand(file);
  return join(expand(given(env["OPENCLAW_STATE_DIR"]) ?? "~/.openclaw"), "openclaw.json");
}

/** Where OpenClaw's own clients would connect to (docs: gateway/remote.md, gateway/config-gateway.md). */
function urlOf(gateway: GatewaySection, env: Env): string {
  if (gateway.mode === "remote" && gateway.remote.url !== undefined) {
    return expandVariables(gateway.remote.url, env) ?? gateway.remote.url;
  }
  // It may hold an address before the port, as container set-ups write it.
  const named = Number(/(?:^|:)(\d+)$/.exec(env["OPENCLAW_GATEWAY_PORT"]?.trim() ?? "")?.[1] ?? 0);
  const port = named > 0 && named < 65_536 ? named : (gateway.port ?? DEFAULT_PORT);
  return `${gateway.tls.enabled === true ? "wss" : "ws"}://127.0.0.1:${port}`;
}

/** OpenClaw's order of precedence (docs: gateway/remote.md, “Credential precedence”). The gateway takes a password in the token's place. */
function tokenOf({ mode, auth, remote }: GatewaySection, env: Env): string | undefined {
  if (mode !== "remote" && auth.mode === "none") return undefined;
  const kind = auth.mode === "password" ? "password" : "token";
  const ambient = env[kind === "token" ? "OPENCLAW_GATEWAY_TOKEN" : "OPENCLAW_GATEWAY_PASSWORD"];
  const [first, last] = mode === "remote" ? [remote, auth] : [auth, remote];
  // What is configured but cannot be resolved is not replaced by another secret that happens to be there.
  if (first[kind] !== undefined) return resolveSecret(first[kind], env);
  return given(ambient) ?? resolveSecret(last[kind], env);
}

function resolveSecret(value: z.output<typeof secret>, env: Env): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "string") return value.source === "env" ? given(env[value.id]) : undefined;
  const name = /^\$([A-Z][A-Z0-9_]*)$/.exec(value)?.[1];
  return name === undefined ? expandVariables(value, env) : given(env[name]);
}

/** `${NAME}` anywhere, `$${NAME}` for the text itself. Undefined where a variable is not set. */
function expandVariables(value: string, env: Env): string | undefined {
  let complete = true;
  const expanded = value.replace(/\$?\$\{([A-Z_][A-Z0-9_]*)\}/g, (match, name: string) => {
    if (match.startsWith("$$")) return match.slice(1);
    const found = given(env[name]);
    complete &&= found !== undefined;
    return found ?? "";
  });
  return complete ? given(expanded) : undefined;
}

const given = (value: string | undefined): string | undefined => {
  const trimmed = value?.trim();
  return trimmed === "" ? undefined : trimmed;
};

function parseJson5(written: string): unknown {
  try {
    return JSON5.parse(written);
  } catch {
    return undefined;
  }
}

const readyReply = z.object({ ready: z.boolean() });

async function answers(url: string, fetch: typeof globalThis.fetch): Promise<boolean> {
  const http = URL.parse(url.replace(/^ws/, "http"));
  if (http === null) return false;
  http.pathname = "/readyz";
  try {
    // A gateway that still starts says so with 503 and the same JSON.
    const reply = await fetch(http, { signal: AbortSignal.timeout(PROBE_MS), redirect: "manual" });
    return readyReply.safeParse(await reply.json()).success;
  } catch (error) {
    // OpenClaw makes its own certificate by default: what cannot be verified here is there all the same.
    return error instanceof Error && isCertificateProblem(error.cause);
  }
}

const isCertificateProblem = (cause: unknown): boolean =>
  z.object({ code: z.string().regex(/CERT|UNABLE_TO_VERIFY|ERR_TLS/) }).safeParse(cause).success;
