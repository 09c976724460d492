import { quoted, versionLine } from "../service/user-service.ts";
import type { WallSettings } from "./wall-settings.ts";

export const UNIT_NAME = "clutch-wall.service";

/**
 * The unit of the wall's own service. Everything is on its command line: a
 * configuration with a mistake, or a secret that is not set, must not take the
 * gateway's network away.
 */
export function systemdUnit(parts: {
  /** What starts Clutch: the program and its first arguments. */
  readonly command: readonly string[];
  readonly settings: WallSettings;
  readonly directory: string;
}): string {
  const { command, directory } = parts;
  const { listen, rules } = parts.settings;
  const words = [
    ...command,
    ...["wall", "run", "--listen", `${listen.host}:${listen.port}`, "--state", directory],
    ...rules.allow.flatMap((rule) => ["--allow", rule]),
    ...rules.local.flatMap((rule) => ["--local", rule]),
  ];
  return `${versionLine()}
[Unit]
Description=Clutch wall: the proxy that OpenClaw's traffic goes through
Before=openclaw-gateway.service
StartLimitIntervalSec=0

[Service]
ExecStart=${words.map(quoted).join(" ")}
Restart=always
RestartSec=1
NoNewPrivileges=yes
UMask=0077

[Install]
WantedBy=default.target
`;
}
