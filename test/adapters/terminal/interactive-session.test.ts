import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Dispatch } from "../../../adapters/adapter.ts";
import type { Outcome } from "../../../commands/dispatcher.ts";
import { type Answer, outcome, type RecordingCore, recordingCore } from "../recording-core.ts";
import { CONVERSATION, guidedChat, KEY, keyboardAndScreen, press, settle, type Terminal } from "./terminals.ts";

const MODELS = ["ollama/qwen3:8b", "ollama/qwen3:32b", "anthropic/claude"];
const COMPLETION: Pick<Dispatch, "commands" | "complete"> = {
  commands: [
    {
      name: "model",
      summary: "Switch the model",
      forms: [],
      options: [
        { name: "name", summary: "Which", kind: "text", positional: true },
        { name: "scope", summary: "How far", kind: "choice", choices: ["agent", "conversation"] },
      ],
    },
    { name: "usage", summary: "What was used", forms: [], options: [] },
  ],
  complete: (_command, option, typed) =>
    (option === "scope" ? ["agent", "conversation"] : MODELS)
      .filter((value) => (option === "scope" ? value.startsWith(typed) : value.includes(typed)))
      .map((value) => ({ value, label: `about ${value}` })),
};

let terminal: Terminal;
let core: RecordingCore;
let over: boolean;

async function begin(
  settings: Parameters<typeof keyboardAndScreen>[0] = {},
  answer: Answer = ({ line }) => outcome({ title: `did ${line}` }),
  columns = 60,
): Promise<void> {
  terminal = keyboardAndScreen(settings, columns);
  core = recordingCore(answer, COMPLETION);
  over = false;
  await terminal.adapter.start(core.dispatch);
  terminal.adapter.done.then(() => {
    over = true;
  });
  await settle();
}

afterEach(async () => {
  terminal.output.destroy(new Error("the test is over"));
  await terminal.adapter.done;
});

describe("at a keyboard", () => {
  it("greets, prompts, and answers below what was typed", async () => {
    await begin({ greeting: { tone: "info", title: "Clutch" } });
    await press(terminal, "h", "i", KEY.enter, "/usage", KEY.enter, "dra");
    expect(terminal.text()).toBe("• Clutch\n\n› hi\nre: hi\n— demo · local\n\n› /usage\n✓ did /usage\n\n› dra");
  });

  it("a terminal whose size nobody set, as in a container, is written to as one of the usual width", async () => {
    const words = "It is a sentence of more than sixty characters, and it fits into eighty.";
    await begin({}, () => outcome({ title: words }), 80);
    Object.assign(terminal.output, { columns: 0 });
    await press(terminal, "/usage", KEY.enter);
    expect(terminal.text()).toContain(words);
    expect(terminal.raw()).not.toContain("Infinity");
  });

  it("lets the line be edited while a notice comes", async () => {
    await begin();
    await press(terminal, "ab", KEY.left);
    await terminal.adapter.post(CONVERSATION, { tone: "warning", title: "notice" });
    await press(terminal, "X");
    expect(terminal.text()).toBe("! notice\n\n› aXb");
  });

  it("keeps a typed line of several rows whole while a notice comes", async () => {
    await begin({}, undefined, 20);
    await press(terminal, "a".repeat(45));
    await terminal.adapter.post(CONVERSATION, { tone: "warning", title: "notice" });
    await press(terminal, "b");
    expect(terminal.text()).toBe(`! notice\n\n› ${"a".repeat(18)}\n${"a".repeat(20)}\n${"a".repeat(7)}b`);
    await press(terminal, KEY.enter);
    expect(terminal.text()).toMatch(/^! notice\n\n› a{18}\na{20}\na{7}b\nre:\na{19}\n/);
  });

  it("takes pasted lines one by one, and a backslash joins two", async () => {
    await begin();
    await press(terminal, "one\rtwo \\\rthree\r/usage\r");
    await settle();
    expect(core.invocations.map(({ line }) => line)).toEqual(["/usage"]);
    expect(terminal.text()).toContain("re: one\n— demo · local\n\n› two\n… three\nre: two\nthree\n");
    expect(terminal.adapter.linesRead).toBe(4);
  });

  it("shows a line that goes on as long as it is not sent", async () => {
    await begin();
    await press(terminal, "first \\", KEY.enter);
    expect(terminal.text()).toBe("› first \\\n…");
    await press(terminal, "second", KEY.enter);
    expect(terminal.text()).toBe("› first\n… second\nre: first\nsecond\n— demo · local\n\n›");
  });

  it("ignores empty lines", async () => {
    await begin();
    await press(terminal, KEY.enter, " ", KEY.enter);
    expect(terminal.text()).toBe("›");
    expect(terminal.adapter.linesRead).toBe(0);
  });
});

describe("while a reply is coming", () => {
  let guide: ReturnType<typeof guidedChat>;
  beforeEach(async () => {
    guide = guidedChat();
    await begin({ chat: guide.chat });
    await press(terminal, "tell", KEY.enter);
  });

  it("a quiet line tells what is going on, and is gone afterwards", async () => {
    expect(terminal.text()).toBe("› tell\nwaiting for the agent …\n›");
    await guide.say({ type: "status", text: "starting model" });
    expect(terminal.text()).toBe("› tell\nstarting model …\n›");
    await guide.say({ type: "text", text: "Once" });
    expect(terminal.text()).toBe("› tell\nOnce\n›");
    await guide.say({ type: "text", text: " upon a time.\nThe " }, { type: "text", text: "end.\n" });
    expect(terminal.text()).toBe("› tell\nOnce upon a time.\nThe end.\n›");
    await guide.say({ type: "done", model: "ollama/demo" });
    expect(terminal.text()).toBe("› tell\nOnce upon a time.\nThe end.\n— demo · local\n\n›");
  });

  it("its rows break at words, and typing goes on below", async () => {
    await press(terminal, "ty");
    for (const word of "a fairly long sentence that does not fit into one row of sixty".split(/(?<= )/)) {
      await guide.say({ type: "text", text: word });
    }
    await press(terminal, "ped");
    expect(terminal.text()).toBe("› tell\na fairly long sentence that does not fit into one row of\nsixty\n› typed");
  });

  it("a command runs at once, and its card is not inside a row of the reply", async () => {
    await guide.say({ type: "text", text: "first row\nsecond ro" });
    await press(terminal, "/usage", KEY.enter);
    await guide.say({ type: "text", text: "w" }, { type: "done" });
    expect(terminal.text()).toBe("› tell\nfirst row\n› /usage\n✓ did /usage\n\nsecond row\n\n›");
    expect(guide.sent).toEqual(["tell"]);
  });

  it("a message waits in sight and is sent afterwards", async () => {
    await press(terminal, "next", KEY.enter, "/usage", KEY.enter);
    await guide.say({ type: "text", text: "one" });
    expect(terminal.text()).toBe("› tell\n› /usage\n✓ did /usage\n\none\n› next\n›");
    expect(guide.sent).toEqual(["tell"]);
    await guide.say({ type: "done" });
    expect(guide.sent).toEqual(["tell", "next"]);
    await guide.say({ type: "text", text: "two" }, { type: "done" });
    expect(terminal.text()).toBe("› tell\n› /usage\n✓ did /usage\n\none\n\n› next\ntwo\n\n›");
  });

  it("Ctrl-C stops waiting, drops what waits, and keeps the channel and the typed line", async () => {
    await guide.say({ type: "text", text: "half" });
    await press(terminal, "next", KEY.enter, "dra", KEY.ctrlC);
    expect(terminal.text()).toBe(
      "› tell\nhalf\nStopped waiting for this reply; the agent may still be at\nwork on it.\n\nNot sent: 1 line that waited.\n\n› dra",
    );
    expect(over).toBe(false);
    await press(terminal, "ft", KEY.enter);
    expect(guide.sent).toEqual(["tell", "draft"]);
  });

  it("Ctrl-D takes no more, but the reply is finished", async () => {
    await guide.say({ type: "text", text: "half" });
    await press(terminal, KEY.ctrlD);
    expect(over).toBe(false);
    await guide.say({ type: "text", text: " and whole" }, { type: "done" });
    expect(over).toBe(true);
    expect(terminal.text()).toBe("› tell\nhalf and whole");
  });

  it("/quit leaves without the rest", async () => {
    await guide.say({ type: "text", text: "half" });
    await press(terminal, "/quit", KEY.enter);
    expect(over).toBe(true);
  });
});

describe("commands", () => {
  it("show their progress in place, and the card in the end", async () => {
    const gate = Promise.withResolvers<Outcome>();
    await begin({}, async ({ progress }) => {
      progress?.({ tone: "info", title: "warming", meter: { label: "load", value: 1, max: 2, text: "1 of 2" } });
      progress?.({ tone: "info", title: "warming", meter: { label: "load", value: 2, max: 2, text: "2 of 2" } });
      return gate.promise;
    });
    await press(terminal, "/model big", KEY.enter);
    expect(terminal.text()).toBe(`› /model big\n• warming\n  load  ${"█".repeat(24)}  2 of 2\n›`);
    gate.resolve(outcome({ title: "switched" }));
    await settle();
    expect(terminal.text()).toBe("› /model big\n✓ switched\n\n›");
  });

  it("run one after the other, and a message typed after one waits for it", async () => {
    const gates = [Promise.withResolvers<Outcome>(), Promise.withResolvers<Outcome>()];
    const guide = guidedChat();
    let calls = 0;
    await begin({ chat: guide.chat }, () => gates[calls++]?.promise ?? outcome({ title: "unexpected" }));
    await press(terminal, "/model a", KEY.enter, "/model b", KEY.enter, "hello", KEY.enter);
    expect(core.invocations).toHaveLength(1);
    gates[0]?.resolve(outcome({ title: "a" }));
    await settle();
    expect(core.invocations).toHaveLength(2);
    expect(guide.sent).toEqual([]);
    gates[1]?.resolve(outcome({ title: "b" }));
    await settle();
    expect(guide.sent).toEqual(["hello"]);
  });

  it("are aborted by Ctrl-C", async () => {
    await begin({}, ({ signal }) => {
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      signal?.addEventListener("abort", () => resolve(outcome({ tone: "error", title: "stopped" })));
      return promise;
    });
    await press(terminal, "/bench", KEY.enter, KEY.ctrlC);
    expect(terminal.text()).toBe("› /bench\n✗ stopped\n\n›");
    expect(over).toBe(false);
  });
});

describe("a question", () => {
  const asking: Answer = ({ confirmed }) =>
    confirmed
      ? outcome({ title: "done" })
      : { ...outcome({ tone: "warning", title: "Sure?" }), ok: false, needsConfirmation: true };

  it.each([
    { by: "y", keys: ["y", KEY.enter], shown: "Go on? [y/N] y\n✓ done\n\n›", runs: 2 },
    { by: "yes", keys: ["yes", KEY.enter], shown: "Go on? [y/N] yes\n✓ done\n\n›", runs: 2 },
    { by: "n", keys: ["n", KEY.enter], shown: "Go on? [y/N] n\nNot confirmed, so nothing was done.\n\n›", runs: 1 },
    { by: "nothing", keys: [KEY.enter], shown: "Go on? [y/N]\nNot confirmed, so nothing was done.\n\n›", runs: 1 },
    { by: "Ctrl-C", keys: [KEY.ctrlC], shown: "Not confirmed, so nothing was done.\n\n›", runs: 1 },
  ])("is answered by $by", async ({ keys, shown, runs }) => {
    await begin({}, asking);
    await press(terminal, "/ask", KEY.enter);
    expect(terminal.text()).toBe("› /ask\n! Sure?\n\nGo on? [y/N]");
    await press(terminal, ...keys);
    expect(terminal.text()).toBe(`› /ask\n! Sure?\n\n${shown}`);
    expect(core.invocations).toHaveLength(runs);
    expect(over).toBe(false);
  });

  it("answered by something else means no, and the line counts as typed", async () => {
    await begin({}, asking);
    await press(terminal, "/ask", KEY.enter, "hello", KEY.enter);
    expect(core.invocations).toHaveLength(1);
    expect(terminal.text()).toContain("Not confirmed");
    expect(terminal.text()).toContain("› hello\nre: hello");
  });

  it("left by Ctrl-D means no", async () => {
    await begin({}, asking);
    await press(terminal, "/ask", KEY.enter, KEY.ctrlD);
    expect(core.invocations).toHaveLength(1);
    expect(over).toBe(true);
  });
});

describe("leaving", () => {
  it.each([
    { by: "Ctrl-D", keys: [KEY.ctrlD] },
    { by: "Ctrl-C at an empty prompt", keys: [KEY.ctrlC] },
    { by: "/quit", keys: ["/quit", KEY.enter] },
    { by: "/exit", keys: ["/exit", KEY.enter] },
  ])("by $by ends the channel without a prompt left over", async ({ keys }) => {
    await begin();
    await press(terminal, ...keys);
    expect(over).toBe(true);
    expect(terminal.text()).toBe("");
  });

  it("takes two Ctrl-C where something is typed: the first clears the line", async () => {
    await begin();
    await press(terminal, "half a thought", KEY.ctrlC);
    expect(over).toBe(false);
    expect(terminal.text()).toBe("›");
    await press(terminal, KEY.ctrlC);
    expect(over).toBe(true);
  });
});

describe("the tab key", () => {
  const lineAfter = async (...keys: string[]): Promise<string> => {
    await begin();
    await press(terminal, ...keys);
    return terminal.text().split("\n").at(-1) ?? "";
  };

  it.each([
    { typed: "/mo", line: "› /model" },
    { typed: "/model claude", line: "› /model anthropic/claude" },
    { typed: "/model ollama", line: "› /model ollama/qwen3:" },
    { typed: "/model x sc", line: "› /model x scope:" },
    { typed: "/model x scope:a", line: "› /model x scope:agent" },
    { typed: "hello", line: "› hello" },
  ])("grows $typed to $line", async ({ typed, line }) =>
    expect((await lineAfter(typed, KEY.tab)).trimEnd()).toBe(line),
  );

  it("lists what there is where it cannot decide, and keeps the line", async () => {
    await begin();
    await press(terminal, "/model qwen", KEY.tab);
    expect(terminal.text()).toBe(
      "  ollama/qwen3:8b   about ollama/qwen3:8b\n  ollama/qwen3:32b  about ollama/qwen3:32b\n\n› /model qwen",
    );
  });
});

describe("history", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "clutch-history-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is kept for the owner alone, without answers, and brought back by the arrow", async () => {
    const historyFile = join(folder, "deep", "history");
    const asking: Answer = ({ confirmed }) => ({ ...outcome({ title: "?" }), needsConfirmation: !confirmed });
    await begin({ historyFile }, asking);
    await press(terminal, "hello", KEY.enter, "/ask", KEY.enter, "y", KEY.enter, KEY.ctrlD);
    expect(readFileSync(historyFile, "utf8")).toBe("hello\n/ask\n");
    expect(statSync(historyFile).mode & 0o777).toBe(0o600);

    await begin({ historyFile }, asking);
    await press(terminal, KEY.up, KEY.up);
    expect(terminal.text()).toBe("› hello");
  });

  it("holds the last 1000 lines and tightens the mode of a file it finds", async () => {
    const historyFile = join(folder, "history");
    writeFileSync(historyFile, Array.from({ length: 1_500 }, (_, line) => `line ${line}\n`).join(""), { mode: 0o644 });
    await begin({ historyFile });
    await press(terminal, "newest", KEY.enter);
    const lines = readFileSync(historyFile, "utf8").trimEnd().split("\n");
    expect(lines).toHaveLength(1_000);
    expect(lines.at(0)).toBe("line 501");
    expect(lines.at(-1)).toBe("newest");
    expect(statSync(historyFile).mode & 0o777).toBe(0o600);
  });

  it("that cannot be written disturbs nobody", async () => {
    writeFileSync(join(folder, "file"), "");
    await begin({ historyFile: join(folder, "file", "history") });
    await press(terminal, "hello", KEY.enter);
    expect(terminal.text()).toContain("re: hello");
  });
});

describe("a terminal that goes away", () => {
  it("ends the channel and aborts the reply", async () => {
    const guide = guidedChat();
    await begin({ chat: guide.chat });
    await press(terminal, "tell", KEY.enter);
    terminal.output.destroy(Object.assign(new Error("read EIO"), { code: "EIO" }));
    await settle();
    expect(over).toBe(true);
  });
});
