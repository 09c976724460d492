import { readFile } from "node:fs/promises";
import { loadConfig } from "../config.ts";
import { ClutchError } from "../errors.ts";
import { firewallRules, type Held } from "../wall/firewall-rules.ts";
import { wallSettings } from "../wall/wall-settings.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printError } from "./wall.ts";

export interface WallRulesOptions {
  /** Of the gateway, whose service the rules hold. */
  readonly pid?: string;
  /** The user that the gateway runs as, by number; for a gateway that is no service. */
  readonly uid?: string;
}

/** The unit that `openclaw gateway install` writes, for the user with this number. */
const gatewayUnit = (uid: number): string =>
  `user.slice/user-${uid}.slice/user@${uid}.service/app.slice/openclaw-gateway.service`;

/**
 * Prints rules for nftables by which even a program that ignores the proxy does not
 * get out. Nothing is loaded: that takes root. Exit code 2 where they cannot be made.
 */
export async function wallRules(options: WallRulesOptions, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  try {
    const config = await loadConfig(runtime);
    secrets.push(...config.secrets);
    runtime.stdout.write(firewallRules({ held: await heldBy(options), local: wallSettings(config).rules.local }));
    return 0;
  } catch (thrown) {
    return printError(thrown, runtime, secrets);
  }
}

async function heldBy({ pid, uid }: WallRulesOptions): Promise<Held> {
  if (uid !== undefined) return { kind: "user", uid: numberOf(uid, "--uid") };
  if (pid === undefined) return { kind: "cgroup", path: gatewayUnit(process.getuid?.() ?? 1000) };
  const text = await readFile(`/proc/${numberOf(pid, "--pid")}/cgroup`, "utf8").catch(() => "");
  const path = /^0::\/(.+)$/m.exec(text)?.[1];
  if (path?.endsWith(".service")) return { kind: "cgroup", path };
  throw new ClutchError(
    "bad_option",
    `Process ${pid} is no service of its own, so its children cannot be told apart.`,
    {
      hint: "Run OpenClaw as a service (openclaw gateway install), or as a user of its own, and name that: --uid 1001.",
    },
  );
}

function numberOf(text: string, option: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new ClutchError("bad_option", `${option} “${text.slice(0, 20)}” is no number.`, {
    hint: "For instance: clutch wall rules --uid 1001",
  });
}
