/** A secret of its own for each way in which one comes into Clutch: none is part of another, and none is a word. */
export const CANARIES = {
  "gateway token": "canary-gateway-7Jq2mX0vT9",
  "gateway address, password": "canary-gwpw-Lk3/x9Zz",
  "Discord token": "canary.discord.Qw8RtY5uI1",
  "Slack bot token": "xoxb-canary-4Fh6Gj8Kl0",
  "Slack app token": "xapp-1-A0CLUTCH-canary-9Vb7Nm5",
  "Slack signing secret": "canarysign3c5e7a9d1f",
  "Claude key": "sk-ant-canary-Zx1Cv2Bn3M",
  "OpenAI-compatible key": "sk-canary-Po9Iu8Yt7R",
  "server address, token for a user": "canary-user-Mn4Bv6Cx",
  "server address, password": "canary pw+5Gf/7Hd",
  "server address, query": "canary-query-2Ws4Ed6R",
  "database password": "canary%db-8Uj6Yh4T",
  "environment of others": "canary-env-1Qa3Ws5Ed",
} as const;
export type CanaryName = keyof typeof CANARIES;

export const canaries: readonly string[] = Object.values(CANARIES);

/** How a secret may be spelt by whoever repeats it. */
const spellings = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64").replace(/=+$/, ""),
  Buffer.from(secret).toString("base64url"),
  Buffer.from(secret).toString("hex"),
];

/** The secrets that a text has in it, in any spelling, by their names. */
export function canariesIn(text: string | Uint8Array): CanaryName[] {
  const whole = typeof text === "string" ? text : Buffer.from(text).toString("latin1");
  return (Object.keys(CANARIES) as CanaryName[]).filter((name) =>
    spellings(CANARIES[name]).some((spelling) => whole.includes(spelling)),
  );
}

const { "server address, password": password, "server address, query": query } = CANARIES;
/** Of the address with a password; a name is no secret. */
const USER = "somebody";

/** The address of a server with secrets in it wherever an address can have some. */
export const secretAddress = (address: string): string => {
  const url = new URL(address);
  url.username = USER;
  url.password = encodeURIComponent(password);
  url.searchParams.set("key", query);
  return url.href;
};
export const BASIC = `Basic ${Buffer.from(`${USER}:${password}`).toString("base64")}`;
export const tokenAddress = (address: string): string => {
  const url = new URL(address);
  url.username = CANARIES["server address, token for a user"];
  return url.href;
};

/** Where the configuration takes secrets from, and one that it does not. */
export const CANARY_ENV = {
  GATEWAY_TOKEN: CANARIES["gateway token"],
  SLACK_APP: CANARIES["Slack app token"],
  SOMETHING_API_KEY: CANARIES["environment of others"],
};

/** A configuration with every canary in it: from the environment, from a file, and as it stands. */
export const canaryConfig = (addresses: {
  readonly gateway: string;
  readonly server: string;
  readonly store: string;
}) => ({
  gateway: { url: addresses.gateway, token: "env:GATEWAY_TOKEN" },
  store: addresses.store,
  http: { listen: false },
  servers: {
    ollama: { kind: "ollama", baseUrl: secretAddress(addresses.server) },
    anthropic: { kind: "anthropic", baseUrl: addresses.server, apiKey: "file:claude.key" },
    vllm: { kind: "openai-compatible", baseUrl: tokenAddress(addresses.server) },
    lmstudio: { kind: "openai-compatible", baseUrl: addresses.server, apiKey: CANARIES["OpenAI-compatible key"] },
  },
  discord: { token: CANARIES["Discord token"], apiUrl: addresses.server },
  slack: {
    botToken: CANARIES["Slack bot token"],
    appToken: "env:SLACK_APP",
    signingSecret: CANARIES["Slack signing secret"],
    apiUrl: addresses.server,
  },
});
export const gatewayWithPassword = (url: string): string =>
  url.replace("ws://", `ws://clutch:${encodeURIComponent(CANARIES["gateway address, password"])}@`);
export const databaseWithPassword = (port: number): string =>
  `postgres://clutch:${encodeURIComponent(CANARIES["database password"])}@127.0.0.1:${port}/clutch`;

/** Without the database's password, which a configuration with a file for a store does not name. */
export const CONFIGURED = canaries.filter((secret) => secret !== CANARIES["database password"]).join(" ");
