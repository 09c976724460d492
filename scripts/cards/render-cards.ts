import { execFile } from "node:child_process";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import Keyv from "keyv";
import { pino } from "pino";
import { createActionStore } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import type { Person } from "../../commands/command.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { allCommands } from "../../commands/index.ts";
import { createRecordingServices } from "../../test/platforms/recording-services.ts";
import { discordPage } from "./discord-page.ts";
import { slackPage } from "./slack-page.ts";

/**
 * Draws the pictures in `docs/images`: real commands, drawn by the real
 * adapters, shown by components that imitate each platform's look. Needs a
 * Chromium on the PATH, or one that `CHROMIUM` names.
 */
const IMAGES = join(import.meta.dirname, "../../docs/images");
/** When the pictures were taken, so that they change only with what they show. */
const NOW = Date.parse("2026-11-22T16:20:00Z");
const actions = createActionStore(new Keyv<unknown>());

async function cardOf(line: string, person: Person): Promise<Card> {
  const { services } = createRecordingServices(`${person.platform}:${person.id}`, () => NOW);
  const dispatcher = createDispatcher({
    commands: allCommands,
    services,
    levelOf: () => "owner",
    logger: pino({ level: "silent" }),
  });
  const { card } = await dispatcher.run({
    line,
    conversation: { platform: person.platform, channel: "1", kind: "channel", person: person.id },
    person,
    confirmed: false,
  });
  return card;
}

const onDiscord = { platform: "discord", id: "123" };
const onSlack = { platform: "slack", id: "U0ANNA" };
const pictures = [
  {
    name: "discord-model",
    size: "640,550",
    html: await discordPage(await cardOf("/model", onDiscord), { visibleTo: "person", command: "/model" }, actions),
  },
  {
    name: "discord-switched",
    size: "640,510",
    html: await discordPage(
      await cardOf("/model qwen", onDiscord),
      { visibleTo: "everybody", command: "/model" },
      actions,
    ),
  },
  {
    name: "discord-usage",
    size: "640,930",
    html: await discordPage(await cardOf("/usage", onDiscord), { visibleTo: "person", command: "/usage" }, actions),
  },
  { name: "slack-usage", size: "680,670", html: await slackPage(await cardOf("/usage", onSlack), actions) },
  { name: "slack-model", size: "680,440", html: await slackPage(await cardOf("/model", onSlack), actions) },
];

const folder = await mkdtemp(join(tmpdir(), "clutch-cards-"));
try {
  for (const { name, size, html } of pictures) {
    const file = join(folder, `${name}.html`);
    const png = join(IMAGES, `${name}.png`);
    await writeFile(file, html);
    await promisify(execFile)(process.env["CHROMIUM"] ?? "chromium", [
      "--headless",
      "--no-sandbox",
      "--hide-scrollbars",
      "--allow-file-access-from-files",
      "--virtual-time-budget=5000",
      `--user-data-dir=${join(folder, "profile")}`,
      `--window-size=${size}`,
      `--screenshot=${png}`,
      pathToFileURL(file).href,
    ]);
    process.stdout.write(`${png}: ${Math.round((await stat(png)).size / 1_000)} kB\n`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
