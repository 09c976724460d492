import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { findOpenClaw } from "../../src/openclaw/find-openclaw.ts";
import type { ReceivedChat } from "../../src/sandbox/stand-in.ts";
import { SONNET } from "./harness.ts";
import { HAIKU, type LeakLab, PASSED_ON } from "./leak-lab.ts";

/** A way by which text reaches a model. */
export interface Path {
  readonly name: string;
  /** Sends text with this word in it that way; ends once it has arrived or was stopped. */
  run(word: string): Promise<unknown>;
  /** Which of the requests with the word are meant; all where absent. */
  isMeant?(chat: ReceivedChat): boolean;
}

export const RED_DOT =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

const startsWith =
  (text: string) =>
  ({ messages }: ReceivedChat): boolean =>
    messages.at(-1)?.text.startsWith(text) === true;
const isRecap = startsWith('{"previousRecap"');
const isSummary = startsWith("<conversation>");
const isDream = startsWith("Write a dream diary");

/** Gets the key of a conversation before anything is said in it. */
type Before = (key: string) => Promise<unknown>;
const NOTHING: Before = async () => undefined;

/** A turn of a conversation of its own. */
export const turn = (lab: LeakLab, name: string, agentId: string, model?: string, before = NOTHING): Path => ({
  name,
  async run(word) {
    const key = await lab.conversation(agentId, model);
    await before(key);
    await lab.clutch.say(key, `Tell me about ${word}.`);
  },
});

/** A turn of a run that names its model itself. */
export const override = (lab: LeakLab, agentId: string): Path => ({
  name: "a run that names a model in the cloud",
  async run(word) {
    const runId = randomUUID();
    const sessionKey = await lab.conversation(agentId);
    await lab.clutch.call("agent", { sessionKey, message: `About ${word}.`, model: HAIKU, idempotencyKey: runId });
    await lab.clutch.call("agent.wait", { runId, timeoutMs: 50_000 });
  },
});

export const job = (lab: LeakLab, agentId: string): Path => ({
  name: "a scheduled job with a model in the cloud",
  async run(word) {
    const { id } = (await lab.clutch.call("cron.add", {
      name: word,
      agentId,
      enabled: false,
      schedule: { kind: "cron", expr: "0 0 1 1 *" },
      sessionTarget: "isolated",
      wakeMode: "now",
      payload: { kind: "agentTurn", message: `Report on ${word}.`, model: HAIKU },
      delivery: { mode: "none" },
    })) as { id: string };
    await finishJob(lab, id);
    await lab.clutch.call("cron.remove", { id });
  },
});

export const title = (lab: LeakLab): Path => ({
  name: "a title",
  run: (word) =>
    lab.clutch.call("sessions.title.prepare", {
      agentId: "main",
      message: `Please plan a trip to ${word} with four friends.`,
      model: SONNET,
    }),
});

export const recap = (lab: LeakLab): Path => ({
  name: "a recap",
  isMeant: isRecap,
  async run(word) {
    await lab.clutch.say(await lab.conversation("main", SONNET), `What about ${word}?`);
    await untilAsked(lab, word, isRecap);
  },
});

export const compaction = (lab: LeakLab): Path => ({
  name: "a summary",
  isMeant: isSummary,
  async run(word) {
    const key = await lab.conversation("main", SONNET);
    await lab.clutch.say(key, `Remember ${word}.`);
    await lab.clutch.call("sessions.compact", { key });
  },
});

/** Its recap is a call of its own. */
export const sideChat = (lab: LeakLab, before = NOTHING): Path => ({
  name: "a side chat",
  isMeant: (chat) => !isRecap(chat),
  async run(word) {
    const sessionKey = await lab.conversation("main", SONNET);
    await before(sessionKey);
    await lab.clutch.say(sessionKey, "Hello.");
    await lab.clutch.call("sessions.companion.ask", { sessionKey, question: `What of ${word}?` });
  },
});

/** A question aside, of which nothing is kept; OpenClaw answers it after the turn is over. */
export const aside = (lab: LeakLab, agentId: string, before = NOTHING): Path => ({
  name: "a question aside",
  isMeant: (chat) => !isRecap(chat),
  async run(word) {
    const key = await lab.conversation(agentId, SONNET);
    await before(key);
    await lab.clutch.say(key, "Hello.");
    await lab.say(key, `/btw What of ${word}?`);
    await sleep(3_000);
  },
});

/** The nightly job of OpenClaw's memory, over a note of the main agent. */
export const dreaming = (lab: LeakLab): Path => ({
  name: "dreaming",
  isMeant: isDream,
  async run(word) {
    const notes = join(lab.dir, "work/main/memory");
    await mkdir(notes, { recursive: true });
    const day = new Date().toISOString().slice(0, 10);
    await appendFile(
      join(notes, `${day}.md`),
      `- The fisherman ${word} sells trout, and the cook buys three of them.\n`,
    );
    await finishJob(lab, await jobId(lab, "dreaming"));
    await untilAsked(lab, word, isDream);
  },
});

export const heartbeat = (lab: LeakLab): Path => ({
  name: "a heartbeat",
  async run(word) {
    await lab.clutch.call("wake", { mode: "now", text: `Look whether ${word} boils.`, agentId: "main" });
    await untilAsked(lab, word);
  },
});

/** A message from outside, by the mapping `news` of the configuration. */
export const hook = (lab: LeakLab, token: string): Path => ({
  name: "a webhook with a model in the cloud",
  async run(word) {
    await fetch(`${lab.gateway.url.replace("ws:", "http:")}/hooks/news`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ text: word }),
    });
    await untilAsked(lab, word);
  },
});

/** The agent's turn uses a tool; `args` gets the word. */
export const tool = (
  lab: LeakLab,
  name: string,
  agentId: string,
  args: (word: string) => Record<string, unknown>,
  before = NOTHING,
): Path => ({
  name: `the tool ${name}`,
  async run(word) {
    const key = await lab.conversation(agentId);
    await before(key);
    lab.nextTool(name, args(word), word);
    try {
      await lab.clutch.say(key, `Use it for ${word}.`);
    } finally {
      lab.answerWith(undefined);
    }
  },
});

/** A picture that comes with a message to an agent whose model cannot see; who describes it does not get the word. */
export const picture = (lab: LeakLab, agentId: string, model?: string): Path => ({
  name: "a picture in a message",
  async run(word) {
    const runId = randomUUID();
    const sessionKey = await lab.conversation(agentId, model);
    const dot = { type: "image", mimeType: "image/png", fileName: "dot.png", content: RED_DOT };
    const message = `Look at ${word}.`;
    await lab.clutch.call("chat.send", { sessionKey, message, idempotencyKey: runId, attachments: [dot] });
    await lab.clutch.call("agent.wait", { runId, timeoutMs: 50_000 });
  },
});

/** A command that OpenClaw has reviewed by a model before it runs. */
export const review = (lab: LeakLab, agentId: string): Path => ({
  name: "the review of a command",
  isMeant: startsWith("Review this pending exec request"),
  run: (word) => tool(lab, "exec", agentId, () => ({ command: `/bin/ls /nowhere/${word}` })).run(word),
});

const isFlush = ({ body }: ReceivedChat): boolean => JSON.stringify(body).includes("Pre-compaction memory flush");

/** The turn that saves what is worth it before a long conversation is summarised; it comes by itself. */
export const memoryFlush = (lab: LeakLab, agentId: string): Path => ({
  name: "a memory flush",
  isMeant: isFlush,
  async run(word) {
    const key = await lab.conversation(agentId);
    await lab.clutch.say(key, `About ${word}. ${"A long tale. ".repeat(8_000)}`);
    await lab.clutch.say(key, `More of ${word}.`);
    await untilAsked(lab, word, isFlush);
  },
});

const isTask = (text: string): boolean => text.includes("Count heron") && !text.includes("Conversation context:");

export const subAgent = (lab: LeakLab, agentId: string, how: Record<string, unknown> = {}, before = NOTHING): Path => {
  const args = (word: string) => ({ task: `Count ${word}.`, ...how });
  const spawning = tool(lab, "sessions_spawn", agentId, args, before);
  // Recaps and titles have no tools; the look into memory before its turn asks otherwise.
  const isChild = ({ messages, body }: ReceivedChat): boolean =>
    Array.isArray(body["tools"]) && messages.some(({ role, text }) => role === "user" && isTask(text));
  return {
    name: "a sub-agent that an agent begins",
    isMeant: isChild,
    async run(word) {
      await spawning.run(word);
      await untilAsked(lab, word, isChild);
    },
  };
};

/** What answered is told by the job's own log: nothing of ours is in its question. */
export async function reviewSkills(
  lab: LeakLab,
  agentId: string,
): Promise<{ readonly model: string; readonly escaped: number }> {
  const id = await jobId(lab, `skill-collection-review:${agentId}`);
  const { escaped } = await lab.escaped(() => finishJob(lab, id));
  const { entries } = (await lab.clutch.call("cron.runs", { id, limit: 1 })) as {
    entries: { provider?: string; model?: string }[];
  };
  return { model: `${entries[0]?.provider}/${entries[0]?.model}`, escaped };
}

/** Another process on the gateway's configuration. */
export const infer = (lab: LeakLab): Path => ({
  name: "openclaw infer",
  async run(word) {
    const { program, args } = (await findOpenClaw({ env: process.env })).command;
    const at = (part: string): string => join(lab.dir, "gateway", part);
    const env = {
      PATH: process.env["PATH"],
      HOME: at("home"),
      TMPDIR: at("tmp"),
      OPENCLAW_HOME: at("home"),
      OPENCLAW_STATE_DIR: at("state"),
      OPENCLAW_CONFIG_PATH: at("openclaw.json"),
      OPENCLAW_OFFLINE: "1",
      OPENCLAW_NO_RESPAWN: "1",
      OPENCLAW_NO_AUTO_UPDATE: "1",
      OPENCLAW_DISABLE_BUNDLED_PLUGIN_POSTINSTALL: "1",
    };
    const words = ["infer", "model", "run", "--local", "--agent", "main", "--model", SONNET, "--prompt", word];
    await new Promise<void>((resolve) => {
      execFile(program, [...args, ...words], { env, timeout: 90_000 }, () => resolve());
    });
  },
});

/** Runs it with a word of its own: what got out, and which models were asked about it, as `server/model`. */
export async function tryPath(
  lab: LeakLab,
  { run, isMeant = () => true }: Path,
): Promise<{ readonly escaped: number; readonly cloud: readonly string[]; readonly local: readonly string[] }> {
  const word = `heron${randomUUID().replaceAll("-", "")}`;
  const { escaped } = await lab.escaped(() => run(word));
  const models = [
    ...new Set(
      lab
        .asked(word)
        .filter(isMeant)
        .map(({ server, model }) => `${server}/${model}`),
    ),
  ];
  const isCloud = (name: string): boolean =>
    name.startsWith("anthropic/") || PASSED_ON.includes(name.slice("ollama/".length));
  return { escaped, cloud: models.filter(isCloud), local: models.filter((name) => !isCloud(name)) };
}

async function jobId(lab: LeakLab, declared: string): Promise<string> {
  const { jobs } = (await lab.clutch.call("cron.list", { includeDisabled: true })) as {
    jobs: { id: string; declarationKey?: string }[];
  };
  const found = jobs.find(({ declarationKey = "" }) => declarationKey.includes(declared));
  if (found === undefined) throw new Error(`there is no job for ${declared}`);
  return found.id;
}

/** Runs a job at once, to its end. */
async function finishJob(lab: LeakLab, id: string): Promise<void> {
  const finished = async (): Promise<number> => {
    const { entries } = (await lab.clutch.call("cron.runs", { id, limit: 50 })) as { entries: { action?: string }[] };
    return entries.filter(({ action }) => action === "finished").length;
  };
  const before = await finished();
  await lab.clutch.call("cron.run", { id, mode: "force" });
  await until(async () => (await finished()) > before, "the job did not finish");
}

const untilAsked = (lab: LeakLab, word: string, isMeant: (chat: ReceivedChat) => boolean = () => true): Promise<void> =>
  until(async () => lab.asked(word).some(isMeant), "nobody was asked");

async function until(isSo: () => Promise<boolean>, otherwise: string): Promise<void> {
  for (const deadline = performance.now() + 100_000; !(await isSo()); await sleep(100)) {
    if (performance.now() > deadline) throw new Error(otherwise);
  }
}
