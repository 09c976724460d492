import { z } from "zod";
import { readSlot } from "./config-slots.ts";

/**
 * Where the chat platforms are, as their vendors' documentation names the hosts of
 * their bot APIs (read 22 Nov 2026). Never a whole domain under which the same vendor
 * serves a model: of Google only Chat and the sign-in to it.
 */
const HOSTS: Readonly<Record<string, readonly string[]>> = {
  discord: ["discord.com", "discord.gg", "discordapp.com", "discordapp.net"],
  feishu: ["open.feishu.cn", "open.larksuite.com"],
  googlechat: ["chat.googleapis.com", "oauth2.googleapis.com", "www.googleapis.com"],
  line: ["api.line.me", "api-data.line.me"],
  msteams: ["smba.trafficmanager.net", "login.microsoftonline.com", "login.botframework.com", "graph.microsoft.com"],
  slack: ["slack.com", "slack-edge.com", "slack-files.com"],
  telegram: ["api.telegram.org"],
  twitch: ["irc-ws.chat.twitch.tv", "id.twitch.tv", "api.twitch.tv"],
  whatsapp: ["whatsapp.com", "whatsapp.net"],
};

/** Settings by which a self-hosted platform is named. */
const ADDRESS_KEYS = ["homeserver", "baseUrl", "serverUrl", "httpUrl", "url", "apiUrl"] as const;

const channel = z.looseObject({ enabled: z.boolean().catch(true).default(true) });

/**
 * Hosts, with ports where they are self-hosted, of the chat platforms that are set up and not switched off in OpenClaw's
 * configuration, with those of its accounts: what must stay reachable for people to
 * talk to their agents at all.
 */
export function channelHosts(config: unknown): readonly string[] {
  const channels = readSlot(config, ["channels"]);
  if (typeof channels !== "object" || channels === null) return [];
  const found = Object.entries(channels).flatMap(([name, value]: [string, unknown]) => {
    const parsed = channel.safeParse(value);
    if (!parsed.success || !parsed.data.enabled || name === "defaults" || name === "modelByChannel") return [];
    const accounts = Object.values(z.record(z.string(), z.unknown()).catch({}).parse(parsed.data["accounts"]));
    return [...(HOSTS[name] ?? []), ...[parsed.data, ...accounts].flatMap(addressesIn)];
  });
  return [...new Set(found)];
}

/** With the port: another program on that host may pass text on. */
function addressesIn(value: unknown): string[] {
  return ADDRESS_KEYS.flatMap((key) => {
    const address = readSlot(value, [key]);
    const url = typeof address === "string" ? URL.parse(address) : null;
    if (url === null || !/^[a-z0-9.:[\]_-]+$/.test(url.hostname)) return [];
    const port = url.port || (["http:", "ws:"].includes(url.protocol) ? "80" : "443");
    return [`${url.hostname}:${port}`];
  });
}
