import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { CommandInfo } from "../../adapters/adapter.ts";
import { createTerminalAdapter } from "../../adapters/terminal/terminal-adapter.ts";
import { parseCommandLine } from "../../commands/command-line.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { allCommands } from "../../commands/index.ts";
import type { Services } from "../../commands/services.ts";
import { loadConfig } from "../../src/config.ts";
import { ClutchError } from "../../src/errors.ts";
import { createLogger, hideSecretsIn } from "../../src/logger.ts";
import { createModelServer } from "../../src/servers/drivers.ts";
import { createAuditLog } from "../../src/store/audit-log.ts";
import { openStore } from "../../src/store/open-store.ts";
import { MODEL, openBench } from "../adapters/discord/set-up.ts";
import { outcome, recordingCore } from "../adapters/recording-core.ts";
import { openSlack } from "../adapters/slack/slack-harness.ts";
import { MODEL_COMMAND } from "../adapters/slack/test-core.ts";
import { type Machine, newMachine } from "../cli/machine.ts";
import { rawServers } from "../servers/raw-servers.ts";
import {
  BASIC,
  CANARIES,
  CANARY_ENV,
  canaries,
  canariesIn,
  canaryConfig,
  databaseWithPassword,
  gatewayWithPassword,
  secretAddress,
} from "./canaries.ts";
import { tellTale } from "./tell-tale.ts";

const servers = rawServers();
afterEach(() => servers.closeAll());

describe("what is known to be secret", () => {
  let machine: Machine;
  beforeAll(async () => {
    machine = await newMachine();
  });
  afterAll(() => machine?.clear());

  it("is every token, key and password of a configuration, wherever it comes from, in every spelling", async () => {
    await writeFile(join(machine.cwd, "claude.key"), `${CANARIES["Claude key"]}\n`);
    const config = canaryConfig({
      gateway: gatewayWithPassword("ws://127.0.0.1:1"),
      server: "http://127.0.0.1:1",
      store: databaseWithPassword(1),
    });
    await writeFile(join(machine.cwd, "clutch.config.json"), JSON.stringify(config));
    const early: string[] = [];
    const { secrets } = await loadConfig({ env: CANARY_ENV, cwd: machine.cwd, secrets: early });
    const told = canaries.filter((one) => one !== CANARIES["environment of others"]);
    const everywhere = told.flatMap((secret) => [secret, encodeURIComponent(secret)]).join("\n");
    expect(canariesIn(hideSecretsIn(everywhere, secrets))).toEqual([]);
    expect(
      hideSecretsIn({ header: BASIC, deep: [{ [CANARIES["Claude key"]]: everywhere }] }, secrets),
    ).not.toMatchObject({
      header: BASIC,
    });
    expect([...early].sort()).toEqual([...secrets].sort());
  });

  it.each([
    ["postgres://me:hunter2@host/db", "postgres://me:[hidden]@host/db"],
    ["see https://a:b%20c@host:80/x?y and ws://u:p@h", "see https://a:[hidden]@host:80/x?y and ws://u:[hidden]@h"],
    ["http://127.0.0.1:11434/a@b and me@example.com", "http://127.0.0.1:11434/a@b and me@example.com"],
    [
      "https://discord.com/api/v10/webhooks/123456789/aW50ZXJhY3Rpb24/messages/@original",
      "https://discord.com/api/v10/webhooks/123456789/[hidden]",
    ],
    ["POST /interactions/987654321/aW50ZXJhY3Rpb24/callback failed", "POST /interactions/987654321/[hidden] failed"],
    ["(https://hooks.slack.com/actions/T1/22/abcDEF?x)", "(https://hooks.slack.com/actions/[hidden]?x)"],
    [
      "https://discord.com/api/v10/channels/123/messages and /webhooks/ as it is",
      "https://discord.com/api/v10/channels/123/messages and /webhooks/ as it is",
    ],
    ["ollama/qwen2.5-coder:32b at http://box.local:11434", "ollama/qwen2.5-coder:32b at http://box.local:11434"],
  ])("is the password of any address, and nothing beside it: %s", (text, shown) => {
    expect(hideSecretsIn(text, [])).toBe(shown);
  });

  it("leaves bytes alone, and what is no text", () => {
    const png = new Uint8Array([1, 2, 3]);
    const card = { png, rows: [1, undefined, null, true], of: "it" };
    expect(hideSecretsIn(card, canaries)).toEqual(card);
    expect(hideSecretsIn(card, canaries).png).toBe(png);
  });
});

const KINDS = ["ollama", "anthropic", "openai-compatible"];

describe.each(KINDS)("a server of kind %s that repeats what it was sent", (kind) => {
  it.each([400, 401, 403, 404, 429, 500, 503])("with status %i tells nobody", async (status) => {
    const text: string[] = [];
    const server = createModelServer(kind, {
      id: "taleteller",
      baseUrl: secretAddress(await tellTale(servers, status)),
      apiKey: CANARIES["Claude key"],
      fetch,
      timeoutMs: 2_000,
    });
    const logger = createLogger({
      level: "trace",
      destination: { write: (line) => void text.push(line) },
      secrets: () => canaries,
    });
    const signal = AbortSignal.timeout(10_000);
    const attempts: readonly (() => Promise<unknown>)[] = [
      () => server.health(signal),
      () => server.list(signal),
      () => server.describe("some-model", signal),
      async () => {
        for await (const event of server.generate(
          { model: "some-model", messages: [{ role: "user", text: "hello" }], maxTokens: 5 },
          signal,
        ))
          text.push(JSON.stringify(event));
      },
    ];
    for (const attempt of attempts) {
      try {
        text.push(JSON.stringify(await attempt()));
      } catch (thrown) {
        const { message, hint } = thrown as ClutchError;
        text.push(message, hint);
        logger.error({ err: thrown }, "as the log has it");
      }
    }
    expect(text.length).toBeGreaterThan(3);
    expect(canariesIn(text.join("\n"))).toEqual([]);
  });
});

/** Fails at whatever a command asks of it, in the words of somebody who repeats every secret. */
function failingServices(fail: () => Error): Services {
  const part: object = new Proxy(() => undefined, {
    get: () => part,
    apply: () => {
      throw fail();
    },
  });
  return new Proxy({}, { get: (_, name) => (name === "clock" ? Date.now : part) }) as Services;
}

const ALL = canaries.join(" ");
const FORMS = allCommands.flatMap(({ forms }) =>
  forms.map(({ line }) => line.replace("NAME", "qwen").replace("COMMAND", "model")),
);

describe.each([
  {
    what: "a refusal in others' words",
    fail: () => new ClutchError("gateway_refused", `OpenClaw refused: ${ALL}`, { hint: ALL, suggestions: [ALL] }),
  },
  { what: "a fault of Clutch's own", fail: () => Object.assign(new Error(`inside: ${ALL}`), { sent: ALL }) },
])("every form of every command, answered by $what", ({ fail }) => {
  const core = () => {
    const log: string[] = [];
    const logger = createLogger({
      level: "trace",
      destination: { write: (line) => void log.push(line) },
      secrets: () => canaries,
    });
    const dispatcher = createDispatcher({
      commands: allCommands,
      services: failingServices(fail),
      levelOf: () => "owner",
      hide: (value) => hideSecretsIn(value, canaries),
      logger,
    });
    return { dispatcher, log };
  };

  it("shows no secret in Discord", { timeout: 240_000 }, async () => {
    const bench = await openBench();
    const { dispatcher, log } = core();
    await bench.start(dispatcher);
    for (const line of FORMS) {
      const { command, options } = parseCommandLine(line, allCommands);
      const typed = Object.entries(options).map(([name, value]) => [
        name,
        command.options.find((option) => option.name === name)?.kind === "flag" ? value === "true" : value,
      ]);
      await bench.answered(
        bench.discord.command(command.name, Object.fromEntries(typed), { by: bench.anna, in: bench.channel }),
      );
    }
    expect(bench.discord.journal.length).toBeGreaterThan(FORMS.length);
    const everything = JSON.stringify([
      bench.discord.journal,
      [...bench.discord.messages.all.values()],
      bench.log,
      log,
    ]);
    expect(canariesIn(everything)).toEqual([]);
  });

  it("shows no secret in Slack", { timeout: 240_000 }, async () => {
    const harness = await openSlack();
    const { dispatcher, log } = core();
    await harness.start(dispatcher);
    const ann = harness.slack.person();
    for (const line of FORMS) await ann.slash("/clutch", line.slice(1));
    await vi.waitFor(
      () => expect(harness.slack.workspace.messages.length).toBeGreaterThanOrEqual(FORMS.length),
      60_000,
    );
    const everything = JSON.stringify([harness.slack.journal, harness.slack.workspace.messages, harness.log, log]);
    expect(canariesIn(everything)).toEqual([]);
  });

  it("shows no secret at the terminal", { timeout: 240_000 }, async () => {
    const { dispatcher, log } = core();
    const [input, output] = [new PassThrough(), new PassThrough()];
    let printed = "";
    output.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
    });
    const terminal = createTerminalAdapter({
      input,
      output,
      chat: { async *send() {} },
      conversation: { platform: "terminal", channel: "agent:main:main", kind: "direct", person: "me" },
      person: { platform: "terminal", id: "me" },
      label: (model) => model,
    });
    await terminal.start(dispatcher);
    input.end(FORMS.map((line) => `${line}\n`).join(""));
    await terminal.done;
    expect(printed.match(/✗/g)?.length).toBeGreaterThan(FORMS.length / 2);
    expect(canariesIn(printed + log.join(""))).toEqual([]);
  });
});

describe("an answer that the platform does not take", () => {
  const PRIVATE = "for-ann-alone";
  const core = (command: CommandInfo) =>
    recordingCore(
      () => ({
        ...outcome({
          title: PRIVATE,
          file: { name: "usage.csv", mediaType: "text/csv", text: `${PRIVATE}\n`.repeat(50) },
        }),
        visibility: "private",
      }),
      { commands: [command] },
    );
  const openLog = () => {
    const lines: string[] = [];
    const logger = createLogger({
      level: "trace",
      destination: { write: (line) => void lines.push(line) },
      secrets: () => [],
    });
    return { lines, logger };
  };
  /** As text, and as the numbers that JSON makes of bytes. */
  const shown = (lines: readonly string[]) =>
    lines.filter((line) => line.includes(PRIVATE) || line.includes([...Buffer.from(PRIVATE)].join()));

  it.each([
    ["the acknowledgement", { path: /callback/, status: 403, code: 50001 }],
    ["the answer, refused", { path: /webhooks/, status: 403, code: 50001, times: 10 }],
    ["the answer, a fault of Discord's", { path: /webhooks/, status: 500, times: 40 }],
  ])("leaves neither Discord's key to it nor its words in the log: %s", async (_, fault) => {
    const { lines, logger } = openLog();
    const bench = await openBench();
    await bench.start(core(MODEL).dispatch, { logger });
    bench.discord.fail(fault);
    const { interaction } = bench.discord.command("model", {}, { by: bench.anna, in: bench.channel });
    await vi.waitFor(() => expect(lines.join("")).toMatch(/could not be (answered|acknowledged)/), 20_000);
    expect(lines.join("")).toContain(`"status":${fault.status},"method":`);
    expect(lines.filter((line) => line.includes(interaction.token))).toEqual([]);
    expect(shown(lines)).toEqual([]);
  });

  it("leaves neither Slack's key to it nor its words in the log", async () => {
    const { lines, logger } = openLog();
    const { slack, start } = await openSlack("socket", { logger });
    await start(core(MODEL_COMMAND).dispatch);
    const ann = slack.person();
    const key = "/response/none-of-hers";
    slack.faults.inject("*", { error: "channel_not_found" }, 50);
    await slack.deliver(slack.app, "slash_commands", {
      ...ann.payload("slash", "/model", ""),
      response_url: `${slack.origin}${key}`,
    });
    await vi.waitFor(() => expect(lines.join("")).toContain("an answer could not be delivered"), 20_000);
    expect(lines.filter((line) => line.includes(key))).toEqual([]);
    expect(shown(lines)).toEqual([]);
  });

  it("is not in the log either where its error is another one's cause", () => {
    const { lines, logger } = openLog();
    const sent = Object.assign(new Error("Forbidden"), { status: 403, requestBody: { json: { content: PRIVATE } } });
    logger.error({ err: new AggregateError([sent], "none") });
    logger.error({ err: Object.assign(new Error("outside", { cause: sent }), { original: sent }) });
    logger.error(sent);
    expect(lines).toHaveLength(3);
    for (const line of lines) expect(line).toContain("Forbidden");
    expect(shown(lines)).toEqual([]);
  });
});

describe("the audit log", () => {
  it("has no secret, whoever typed it or answered with it", async () => {
    const { db, close } = await openStore("sqlite::memory:", { clock: Date.now });
    const audit = createAuditLog(db, Date.now, (value) => hideSecretsIn(value, canaries));
    await audit.append({
      actor: ALL,
      place: ALL,
      action: "model.switch",
      target: ALL,
      from: ALL,
      to: ALL,
      reason: ALL,
      result: "failed",
      code: ALL,
    });
    expect(canariesIn(JSON.stringify(await audit.list()))).toEqual([]);
    expect((await audit.list())[0]?.reason).toContain("[hidden]");
    await close();
  });
});
