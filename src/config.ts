import { readFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import JSON5 from "json5";
import { z } from "zod";
import { ClutchError } from "./errors.ts";
import { secretsInAddress } from "./models/address-secrets.ts";

/** Secrets stay out of the file: `env:NAME` or `file:PATH`. */
const secret = z.string().min(1);
/** SHA-256 of a certificate, as `openssl x509 -fingerprint -sha256` prints it or without colons. */
const fingerprint = z
  .string()
  .regex(/^(sha256:)?([0-9a-f]{64}|([0-9a-f]{2}:){31}[0-9a-f]{2})$/i, "a SHA-256 fingerprint has 64 hex digits");
const httpUrl = z.url({ protocol: /^https?$/, error: "an address looks like http://127.0.0.1:11434" });
const person = z.string().regex(/^(\*|[a-z]+:\S+)$/, "it is written PLATFORM:ID, such as discord:123, or *");
const modelRef = z.string().regex(/^[^/\s]+\/\S+$/, "a model is written provider/model");

export const discordSettings = z.strictObject({
  token: secret,
  guilds: z.array(z.string().regex(/^\d{5,25}$/, "a server's id has digits only")).prefault([]),
  apiUrl: httpUrl.optional(),
});

export const slackSettings = z
  .strictObject({
    mode: z.enum(["socket", "http"]).prefault("socket"),
    botToken: secret,
    appToken: secret.optional(),
    signingSecret: secret.optional(),
    port: z.int().min(0).max(65_535).optional(),
    host: z.string().optional(),
    commands: z
      .record(z.string(), z.string().regex(/^\/[a-z0-9_-]{1,31}$/, "a command looks like /model"))
      .prefault({}),
    apiUrl: httpUrl.optional(),
  })
  .refine(({ mode, appToken }) => mode !== "socket" || appToken !== undefined, {
    path: ["appToken"],
    error: "socket mode needs it",
  })
  .refine(({ mode, signingSecret }) => mode !== "http" || signingSecret !== undefined, {
    path: ["signingSecret"],
    error: "http mode needs it",
  });

const LISTEN = { error: "it is written HOST:PORT, such as 127.0.0.1:8377, or false" };
const isAddress = (text: string): boolean => {
  const port = /^.+:(\d{1,5})$/.exec(text)?.[1];
  return port !== undefined && Number(port) <= 65_535;
};

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  gateway: z
    .strictObject({ url: z.string().min(1), token: secret.optional(), tlsFingerprint: fingerprint.optional() })
    .optional(),
  store: z.string().prefault("sqlite:./clutch.db"),
  servers: z
    .record(
      z.string(),
      z.strictObject({
        kind: z.string().min(1),
        baseUrl: httpUrl,
        apiKey: secret.optional(),
      }),
    )
    .prefault({}),
  trustedLocal: z.array(z.string()).prefault([]),
  discord: discordSettings.optional(),
  slack: slackSettings.optional(),
  /** Settings of further platforms, by their key; each platform checks its own when it starts. */
  platforms: z.record(z.string(), z.record(z.string(), z.unknown())).prefault({}),
  /** The egress proxy that `clutch wall run` is. */
  wall: z
    .strictObject({
      listen: z
        .string()
        .regex(/^.+:\d{1,5}$/, "it is written HOST:PORT, such as 127.0.0.1:3128")
        .prefault("127.0.0.1:3128"),
      /** Hosts that stay reachable while it is closed, and everything below them. */
      allow: z.array(z.string().min(1)).prefault(["discord.com", "discord.gg", "discordapp.com", "slack.com"]),
      /** Model servers on this network that stay reachable, HOST:PORT. */
      local: z.array(z.string().min(1)).prefault([]),
    })
    .prefault({}),
  /** Where `clutch start` tells how it is: /healthz, /readyz, /metrics. */
  http: z
    .strictObject({
      listen: z
        .union([z.literal(false), z.string()], LISTEN)
        .refine((address) => address === false || isAddress(address), LISTEN)
        .prefault("127.0.0.1:8377"),
      /** Names under which it may be asked, beside addresses and `localhost`. */
      hosts: z.array(z.string().min(1)).prefault([]),
    })
    .prefault({}),
  /** How long the audit log is kept; 0 keeps everything. */
  audit: z.strictObject({ retentionDays: z.int().min(0).max(36_500).prefault(365) }).prefault({}),
  /** What model calls cost, and what local ones saved. */
  usage: z
    .strictObject({
      /** What local calls are compared with, `provider/model`; the agent's own cloud default where it is not set. */
      baseline: modelRef.optional(),
      /** What this machine draws while a local model answers, and the price of a kWh in `currency`. */
      electricity: z
        .strictObject({
          watts: z.number().positive(),
          pricePerKWh: z.number().min(0),
          currency: z
            .string()
            .regex(/^[A-Z]{3}$/, "a currency has three capitals, such as EUR")
            .prefault("USD"),
        })
        .optional(),
      /** IANA name of the zone whose days are counted; this machine's where it is not set. */
      timeZone: z.string().min(1).optional(),
      /** How long single calls are kept; their sums stay. 0 keeps everything. */
      retentionDays: z.int().min(0).max(36_500).prefault(400),
      alerts: z
        .strictObject({
          /** Where they are posted, `discord:CHANNEL` or `slack:CHANNEL`; to the owners where it is not set. */
          place: z.string().min(1).optional(),
          /** Heartbeats and jobs in the cloud above this many USD a day are told. */
          idlePerDay: z.number().min(0).prefault(1),
        })
        .prefault({}),
    })
    .prefault({}),
  bench: z
    .strictObject({
      /** A run that may cost more than this many USD needs a yes. */
      askAbove: z.number().min(0).prefault(0.5),
      /** Suite files of one's own, beside the project's; paths count from this file. */
      suites: z.array(z.string().min(1)).prefault([]),
    })
    .prefault({}),
  access: z
    .strictObject({
      owners: z.array(person).prefault([]),
      operators: z.array(person).prefault([]),
      viewers: z.array(person).prefault(["*"]),
    })
    .prefault({}),
});

export interface Config extends z.output<typeof configSchema> {
  /** The file that was read; undefined where there is none and defaults apply. */
  readonly path: string | undefined;
  /** Values that must never be printed. */
  readonly secrets: readonly string[];
  /** Keys whose secret stands in the file itself. */
  readonly plainSecrets: readonly string[];
}

/** What holds where nothing is configured. */
export const defaultConfig: Config = { ...configSchema.parse({}), path: undefined, secrets: [], plainSecrets: [] };

export interface ConfigSource {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Gets what must never be printed as soon as it was read, also where the rest cannot be used. */
  readonly secrets?: string[];
}

/** Where the configuration is, or would be. */
export const configPath = ({ env, cwd }: ConfigSource): string =>
  env["CLUTCH_CONFIG"] ? resolve(cwd, env["CLUTCH_CONFIG"]) : join(cwd, "clutch.config.json");

/**
 * Reads `clutch.config.json` from the working directory, or the file that
 * `CLUTCH_CONFIG` names (comments and trailing commas are fine). Without a file
 * every default applies. Throws `bad_config`, naming the key at fault.
 */
export async function loadConfig(source: ConfigSource): Promise<Config> {
  const { env, cwd } = source;
  const named = env["CLUTCH_CONFIG"];
  const path = configPath({ env, cwd });
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !named) return undefined;
    throw new ClutchError("bad_config", `The configuration ${path} cannot be read (${error.code ?? error.message}).`, {
      hint: named ? "CLUTCH_CONFIG names it. Correct the path, or unset it." : "Check the file's permissions.",
    });
  });
  const raw = checkConfigText(text ?? "{}", path);
  return resolveSecrets(raw, text === undefined ? undefined : path, source);
}

/** A configuration with its secrets as they are written: by reference. */
export type WrittenConfig = z.output<typeof configSchema>;

/** Reads a configuration's text without looking up what its secrets refer to. Throws `bad_config`, naming the key at fault. */
export function checkConfigText(text: string, path: string): WrittenConfig {
  const parsed = configSchema.safeParse(parseText(text, path));
  if (parsed.success) return parsed.data;
  throw new ClutchError("bad_config", `${path}: ${describeIssue(parsed.error.issues[0])}.`, {
    hint: "Nothing was started. The README names every key.",
  });
}

/** Names the key; zod's messages never hold the value, which may be a secret. */
function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.map(String) ?? [];
  if (issue?.code === "unrecognized_keys") {
    return `“${issue.keys.map((key) => [...path, key].join(".")).join(", ")}” is no key that Clutch knows`;
  }
  const what = path.length === 0 ? "the whole" : `“${path.join(".")}”`;
  const message = issue?.message ?? "";
  return `${what} is wrong: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function parseText(text: string, path: string): unknown {
  try {
    return JSON5.parse(text);
  } catch (error) {
    // JSON5's message names line and column, and none of the file's text but one character.
    throw new ClutchError(
      "bad_config",
      `${path} is not valid JSON: ${error instanceof Error ? error.message : "unreadable"}.`,
      {
        hint: "Nothing was started. Correct the file.",
      },
    );
  }
}

const SECRET_KEYS: ReadonlySet<string> = new Set(["token", "apiKey", "appToken", "botToken", "signingSecret"]);

async function resolveSecrets(raw: WrittenConfig, path: string | undefined, source: ConfigSource): Promise<Config> {
  const secrets: string[] = [];
  const keep = (...found: readonly string[]): void => {
    secrets.push(...found);
    // The same one is read again and again while a service runs.
    source.secrets?.push(...found.filter((secret) => source.secrets?.includes(secret) === false));
  };
  keep(...addressesIn(raw).flatMap(secretsInAddress));
  const plainSecrets: string[] = [];
  const resolveIn = async <T>(value: T, at: readonly string[]): Promise<T> => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const entries = await Promise.all(
      Object.entries(value).map(async ([key, inner]): Promise<[string, unknown]> => {
        const here = [...at, key];
        if (!SECRET_KEYS.has(key) || typeof inner !== "string") return [key, await resolveIn(inner, here)];
        const found = await readSecret(here.join("."), inner, source);
        keep(found);
        if (found === inner) plainSecrets.push(here.join("."));
        return [key, found];
      }),
    );
    return Object.fromEntries(entries) as T;
  };
  return { ...(await resolveIn(raw, [])), path, secrets, plainSecrets };
}

const addressesIn = ({ gateway, store, servers, discord, slack }: WrittenConfig): readonly string[] => [
  ...[gateway?.url, store, discord?.apiUrl, slack?.apiUrl].filter((address) => address !== undefined),
  ...Object.values(servers).map(({ baseUrl }) => baseUrl),
];

/** The variables of the environment that a configuration takes secrets from. Throws `bad_config`. */
export function environmentNames(text: string, path: string): readonly string[] {
  const namesIn = (value: unknown): string[] =>
    typeof value !== "object" || value === null
      ? []
      : Object.entries(value).flatMap(([key, inner]) =>
          SECRET_KEYS.has(key) && typeof inner === "string"
            ? (/^env:([A-Za-z_]\w*)$/.exec(inner)?.slice(1) ?? [])
            : namesIn(inner),
        );
  return [...new Set(namesIn(checkConfigText(text, path)))];
}

/** What a reference stands for; the text itself where it is none. Throws `bad_config`, naming `key`. */
export async function readSecret(key: string, value: string, { env, cwd }: ConfigSource): Promise<string> {
  if (value.startsWith("env:")) {
    const name = value.slice("env:".length);
    // What is no name may be the secret itself, so it is not repeated.
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw new ClutchError("bad_config", `“${key}” begins with env:, but no name of a variable follows.`, {
        hint: "Write it as env:OPENCLAW_GATEWAY_TOKEN.",
      });
    }
    const found = env[name];
    if (found === undefined || found === "") {
      throw new ClutchError(
        "bad_config",
        `“${key}” is to come from the environment variable ${name}, which is not set.`,
        {
          hint: `Set ${name}, or change ${key} in clutch.config.json.`,
        },
      );
    }
    return found;
  }
  if (value.startsWith("file:")) {
    const file = value.slice("file:".length);
    const path = isAbsolute(file) ? file : join(cwd, file);
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new ClutchError("bad_config", `“${key}” is to come from ${path}, which cannot be read (${error.code}).`, {
        hint: "Correct the path, which counts from the working directory, or the file's permissions.",
      });
    });
    if (text.trim() === "") {
      throw new ClutchError("bad_config", `“${key}” is to come from ${path}, which is empty.`, {
        hint: `Write the secret into it, or change ${key} in clutch.config.json.`,
      });
    }
    return text.trim();
  }
  return value;
}
