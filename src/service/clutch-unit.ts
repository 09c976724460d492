import { quoted, versionLine } from "./user-service.ts";

export const CLUTCH_UNIT = "clutch.service";

/** Where OpenClaw and a local model server are; whoever set them for Clutch means its service as well. */
const PASSED_ON = [
  "OPENCLAW_HOME",
  "OPENCLAW_STATE_DIR",
  "OPENCLAW_CONFIG_PATH",
  "OPENCLAW_GATEWAY_PORT",
  "OPENCLAW_GATEWAY_URL",
  "OLLAMA_HOST",
  "XDG_CONFIG_HOME",
  "XDG_STATE_HOME",
  "CLUTCH_LOG",
  "TZ",
] as const;

/**
 * The unit of `clutch start`. It is a person's own, since it reads their OpenClaw's
 * token. What a person has to correct ends with exit code 2 and is not tried again;
 * what broke is. The rest keeps a hole in a library from becoming more than a hole.
 */
export function clutchUnit(parts: {
  /** What starts Clutch: the program and its first arguments. */
  readonly command: readonly string[];
  readonly configPath: string;
  /** What `file:` and `sqlite:` in the configuration count from. */
  readonly workingDirectory: string;
  /** Of the secrets that the configuration takes from the environment; undefined where it takes none. */
  readonly secretsFile: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}): string {
  const { command, configPath, workingDirectory, secretsFile, env } = parts;
  const variables = [
    `CLUTCH_CONFIG=${configPath}`,
    ...PASSED_ON.flatMap((name) => (env[name] ? [`${name}=${env[name]}`] : [])),
  ];
  return `${versionLine()}
[Unit]
Description=Clutch: switches the models of OpenClaw's conversations from chat
Documentation=https://www.npmjs.com/package/openclaw-clutch
After=openclaw-gateway.service clutch-wall.service

[Service]
ExecStart=${[...command, "start"].map(quoted).join(" ")}
WorkingDirectory=${pathLine(workingDirectory)}
${variables.map((variable) => `Environment=${quotedVariable(variable)}`).join("\n")}
${secretsFile === undefined ? "" : `EnvironmentFile=${pathLine(secretsFile)}\n`}Restart=on-failure
RestartSec=5
RestartPreventExitStatus=2
TimeoutStopSec=30
UMask=0077
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes

[Install]
WantedBy=default.target
`;
}

/** These lines take no quotation marks; only systemd's own sign is doubled. */
const pathLine = (path: string): string => path.replaceAll("%", "%%");

/** In these lines a dollar is a dollar. */
const quotedVariable = (variable: string): string =>
  `"${variable.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;

/** The lines of an `EnvironmentFile`. */
export const secretsText = (variables: Readonly<Record<string, string>>): string =>
  [
    "# What clutch.config.json takes from the environment, for clutch.service. Written by clutch service install.",
    ...Object.entries(variables).map(([name, value]) => `${name}="${value.replace(/["\\$`]/g, "\\$&")}"`),
    "",
  ].join("\n");

/** What `secretsText` wrote. */
export const readSecrets = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/^([A-Za-z_]\w*)="((?:\\.|[^"\\])*)"$/gm)].map(([, name = "", value = ""]) => [
      name,
      value.replace(/\\(["\\$`])/g, "$1"),
    ]),
  );
