import { ClutchError } from "../errors.ts";
import { localRuleOf, type WallRules } from "./wall-rules.ts";

/** How a wall is started. */
export interface WallSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly rules: WallRules;
}

/**
 * What the configuration says of the wall. Local servers are those that
 * `wall.local` names, every Ollama, and what `trustedLocal` calls local; the wall
 * itself sees to it that their addresses are of this network. Throws `bad_config`.
 */
export function wallSettings(config: {
  readonly wall: { readonly listen: string; readonly allow: readonly string[]; readonly local: readonly string[] };
  readonly servers: Readonly<Record<string, { readonly kind: string; readonly baseUrl: string }>>;
  readonly trustedLocal: readonly string[];
}): WallSettings {
  const { wall, servers, trustedLocal } = config;
  const found = Object.entries(servers)
    .filter(([id, { kind }]) => kind === "ollama" || trustedLocal.includes(id))
    .map(([, { baseUrl }]) => localRuleOf(baseUrl))
    .filter((rule) => rule !== undefined);
  return {
    listen: parseListen(wall.listen),
    rules: { allow: wall.allow, local: [...new Set([...wall.local, ...found])] },
  };
}

/** `127.0.0.1:3128`; loopback only, since whoever reaches the wall may use it. */
export function parseListen(text: string): WallSettings["listen"] {
  const [, host = "", digits = ""] = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3}|localhost):(\d{1,5})$/.exec(text) ?? [];
  if (host === "" || Number(digits) > 65_535) {
    throw new ClutchError("bad_config", `The wall cannot listen at “${text}”.`, {
      hint: "Write an address of this machine with a port, such as 127.0.0.1:3128.",
    });
  }
  return { host, port: Number(digits) };
}
