import Keyv from "keyv";
import { pino } from "pino";
import { z } from "zod";
import type { ChatAdapter } from "../adapters/adapter.ts";
import { createActionStore } from "../commands/action-store.ts";
import { createDispatcher } from "../commands/dispatcher.ts";
import { allCommands } from "../commands/index.ts";
import { createRecordingServices } from "../test/platforms/recording-services.ts";

/** One adapter as `clutch start` runs it, on a stand-in: connects, says so, and serves until it is killed. */
const [platform, given = "{}"] = process.argv.slice(2);
const address = z
  .object({ apiUrl: z.string(), token: z.string(), guild: z.string(), appToken: z.string(), botToken: z.string() })
  .partial()
  .required({ apiUrl: true })
  .parse(JSON.parse(given));
const parts = {
  apiUrl: address.apiUrl,
  actions: createActionStore(new Keyv<unknown>()),
  logger: pino({ level: "silent" }),
  clock: Date.now,
  onStatus: () => undefined,
};

async function open(): Promise<ChatAdapter> {
  if (platform === "slack") {
    const { createSlackAdapter } = await import("../adapters/slack/slack-adapter.ts");
    const { appToken = "", botToken = "" } = address;
    return createSlackAdapter({ ...parts, mode: "socket", appToken, botToken, commandNames: {} });
  }
  const { createDiscordAdapter } = await import("../adapters/discord/discord-adapter.ts");
  const { token = "", guild = "" } = address;
  return createDiscordAdapter({ ...parts, token, guilds: [guild] });
}

const adapter = await open();
const dispatcher = createDispatcher({
  commands: allCommands,
  services: createRecordingServices().services,
  levelOf: () => "owner",
  logger: parts.logger,
});
await adapter.start(dispatcher);
process.send?.({ ready: true });
