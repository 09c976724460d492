import Keyv from "keyv";
import { pino } from "pino";
import { expect, it } from "vitest";
import type { ChatAdapter } from "../../adapters/adapter.ts";
import { createActionStore } from "../../commands/action-store.ts";
import { startPlatforms } from "../../src/cli/start-platforms.ts";
import { type Config, defaultConfig } from "../../src/config.ts";
import { recordingCore } from "./recording-core.ts";

const SECRET = "a-secret-of-the-test";

async function started(config: Partial<Config>) {
  const said: string[] = [];
  const { dispatch } = recordingCore(() => expect.unreachable("nobody typed"));
  const adapters: ChatAdapter[] = [];
  await startPlatforms(
    { ...defaultConfig, ...config },
    {
      ...{ dispatch, adapters, clock: Date.now },
      actions: createActionStore(new Keyv<unknown>()),
      say: (line) => void said.push(line),
      logger: pino({ level: "silent" }),
    },
  );
  return { adapters, said };
}

it("where no platform is configured, none is started", async () => {
  expect(await started({})).toEqual({ adapters: [], said: [] });
});

it.each(["matrix", "toString"])("“%s” is no platform: said, and left out", async (key) => {
  const { adapters, said } = await started({ platforms: { [key]: { token: SECRET } } });
  expect(adapters).toEqual([]);
  expect(said).toEqual([
    `${key}: failed. “platforms.${key}” is no platform that Clutch knows. It knows discord, slack. Clutch goes on without it.`,
  ]);
});

it("settings that cannot be used name the key, never what stands there", async () => {
  const slack = { mode: "socket", botToken: SECRET, commands: {} } as const;
  const { adapters, said } = await started({ slack });
  expect(adapters).toEqual([]);
  expect(said).toEqual([expect.stringContaining("The settings of Slack are wrong at “appToken”.")]);
  expect(said.join()).not.toContain(SECRET);
});
