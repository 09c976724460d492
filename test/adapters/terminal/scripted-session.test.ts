import { spawn } from "node:child_process";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import type { ChatPiece } from "../../../src/models/agent-chat.ts";
import { outcome, type RecordingCore, recordingCore } from "../recording-core.ts";
import { pipes, settle } from "./terminals.ts";

const question = { ...outcome({ tone: "warning", title: "Sure?" }), ok: false, needsConfirmation: true };

const answering = (): RecordingCore =>
  recordingCore(({ line, confirmed }) => {
    if (line.startsWith("/ask") && !confirmed) return question;
    return outcome({ title: `did ${line}` });
  });

async function transcript(
  input: string,
  settings: Parameters<typeof pipes>[0] = {},
  core = answering(),
): Promise<string> {
  const terminal = pipes(settings);
  await terminal.adapter.start(core.dispatch);
  terminal.input.end(input);
  await terminal.adapter.done;
  return terminal.text();
}

describe("lines from a pipe", () => {
  it("are echoed and answered in order, the last without its line break too", async () => {
    expect(await transcript("hello\n\n   \n/model\nbye")).toBe(
      "› hello\nre: hello\n— demo · local\n\n› /model\n✓ did /model\n\n› bye\nre: bye\n— demo · local\n\n",
    );
  });

  it("wait for the reply before them, however slow", async () => {
    const core = answering();
    const order: string[] = [];
    const chat = {
      async *send(message: string): AsyncGenerator<ChatPiece> {
        order.push(`${message} after ${core.invocations.length}`);
        await settle();
        yield { type: "text", text: "slow" };
        await settle();
        order.push(`${message} over`);
        yield { type: "done" };
      },
    };
    await transcript("one\n/model\ntwo\n", { chat }, core);
    expect(order).toEqual(["one after 0", "one over", "two after 1", "two over"]);
  });

  it.each([
    { name: "a yes runs it", input: "/ask\nyes\nhello\n", confirmed: 1, shown: "Go on? [y/N] yes\n✓ did /ask\n" },
    { name: "a no does not", input: "/ask\nno\nhello\n", confirmed: 0, shown: "Go on? [y/N] no\nNot confirmed, so" },
    {
      name: "another line is a no",
      input: "/ask\nhello\n",
      confirmed: 0,
      shown: "Go on? [y/N] no answer\nNot confirmed",
    },
    { name: "so is the end", input: "hello\n/ask\n", confirmed: 0, shown: "Go on? [y/N] no answer\nNot confirmed" },
  ])("answer a question: $name", async ({ input, confirmed, shown }) => {
    const core = answering();
    const printed = await transcript(input, {}, core);
    expect(core.invocations.filter((invocation) => invocation.confirmed)).toHaveLength(confirmed);
    expect(printed).toContain(shown);
    expect(printed).toContain("re: hello");
    expect(printed).not.toContain("re: yes");
    expect(printed).not.toContain("re: no");
  });

  it("may go on behind a backslash, begin with a slash, and hold anything else", async () => {
    const sent: string[] = [];
    const chat = {
      async *send(message: string): AsyncGenerator<ChatPiece> {
        sent.push(message);
        yield { type: "done" };
      },
    };
    const core = answering();
    await transcript("a \\\nb\\\\\n//etc/hosts\n/model \\\n  qwen\nlast \\", { chat }, core);
    expect(sent).toEqual(["a \nb\\\\", "/etc/hosts", "last"]);
    expect(core.invocations.map(({ line }) => line)).toEqual(["/model qwen"]);
  });

  it("may come in pieces that break characters", async () => {
    const terminal = pipes();
    await terminal.adapter.start(answering().dispatch);
    for (const byte of Buffer.from("grüß 🦊\r\n/x\r\n")) terminal.input.write(Buffer.from([byte]));
    terminal.input.end();
    await terminal.adapter.done;
    expect(terminal.text()).toContain("re: grüß 🦊\n");
    expect(terminal.text()).toContain("did /x\n");
  });

  it("count only where they are not blank", async () => {
    for (const [input, lines] of [
      ["", 0],
      ["\n \n", 0],
      ["a\n\nb", 2],
    ] as const) {
      const terminal = pipes();
      await terminal.adapter.start(answering().dispatch);
      terminal.input.end(input);
      await terminal.adapter.done;
      expect(terminal.adapter.linesRead).toBe(lines);
    }
  });

  it("end with /quit, and what follows is not read", async () => {
    const printed = await transcript("one\n/quit\ntwo\n");
    expect(printed).toContain("re: one");
    expect(printed).not.toContain("two");
  });

  it("show an unknown command's error and how to write to the agent instead", async () => {
    const core = recordingCore(() => ({
      ...outcome({ tone: "error", title: "There is no command /etc." }),
      ok: false,
      error: { code: "unknown_command", message: "", hint: "", fault: false },
    }));
    expect(await transcript("/etc\n", {}, core)).toContain("✗ There is no command /etc.\n\nA message to the agent");
  });

  it("get help from the commands where there is no help command", async () => {
    const forms = [{ line: "/model NAME", does: "switches" }];
    const commands = [{ name: "model", summary: "", forms, options: [] }];
    const alone = await transcript(
      "/help\n",
      {},
      recordingCore(() => outcome({ title: "unused" }), { commands }),
    );
    expect(alone).toContain("/model NAME  switches");
    expect(alone).toContain("//text");

    const core = recordingCore(() => outcome({ title: "help of the core" }), {
      commands: [{ name: "help", summary: "", forms: [], options: [] }],
    });
    const helped = await transcript("/help model\n", {}, core);
    expect(core.invocations[0]?.line).toBe("/help model");
    expect(helped).toContain("help of the core");
    expect(helped).toContain("//text");
  });
});

describe("the agent's reply on a pipe", () => {
  const replying = (...pieces: ChatPiece[]): Promise<string> =>
    transcript("hi\n", {
      chat: {
        async *send() {
          yield* pieces;
        },
      },
    });

  it.each<{ name: string; pieces: ChatPiece[]; shown: string }>([
    {
      name: "is put together from its pieces, without status lines and blank ends",
      pieces: [
        { type: "status", text: "starting model" },
        { type: "text", text: "\n\nHel" },
        { type: "text", text: "lo\n\n" },
        { type: "text", text: "you\n\n\n" },
        { type: "done", model: "a/b" },
      ],
      shown: "› hi\nHello\n\nyou\n— b · local\n\n",
    },
    {
      name: "is harmless, also where an escape sequence is cut in two",
      pieces: [{ type: "text", text: "a\x1b" }, { type: "text", text: "[2Jb\x07" }, { type: "done" }],
      shown: "› hi\nab\n\n",
    },
    {
      name: "keeps characters whole",
      pieces: [{ type: "text", text: "\ud83e" }, { type: "text", text: "\udd8a" }, { type: "done" }],
      shown: "› hi\n🦊\n\n",
    },
    {
      name: "may fail half-way",
      pieces: [
        { type: "text", text: "well" },
        { type: "error", message: "The model died.", hint: "Look at /model." },
      ],
      shown: "› hi\nwell\n✗ The model died.\n  Look at /model.\n\n",
    },
    {
      name: "may break off",
      pieces: [{ type: "text", text: "well" }],
      shown: "› hi\nwell\nThe reply broke off before its end.\n\n",
    },
    {
      name: "may be empty",
      pieces: [{ type: "done", model: "a/b" }],
      shown: "› hi\nThe reply was empty.\n— b · local\n\n",
    },
  ])("$name", async ({ pieces, shown }) => expect(await replying(...pieces)).toBe(shown));

  it("that throws is a fault without its details", async () => {
    const printed = await transcript("hi\nagain\n", {
      chat: {
        send() {
          throw new Error("token=secret");
        },
      },
    });
    expect(printed.match(/fault of its own/g)).toHaveLength(2);
    expect(printed).not.toContain("secret");
  });

  it("is not broken by a notice, which waits for the end of the line", async () => {
    const gate = Promise.withResolvers<void>();
    const terminal = pipes({
      chat: {
        async *send() {
          yield { type: "text", text: "one " } as const;
          yield { type: "text", text: "two" } as const;
          await gate.promise;
          yield { type: "text", text: " three\nfour" } as const;
          yield { type: "done" } as const;
        },
      },
    });
    await terminal.adapter.start(answering().dispatch);
    terminal.input.end("hi\n");
    await settle();
    await terminal.adapter.post(
      { platform: "terminal", channel: "here", kind: "direct", person: "me" },
      { tone: "warning", title: "notice" },
    );
    gate.resolve();
    await terminal.adapter.done;
    expect(terminal.text()).toBe("› hi\none two three\n! notice\n\nfour\n\n");
  });
});

describe("an output that nobody reads any more", () => {
  it("ends the channel quietly and aborts what is under way", async () => {
    const output = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error("write EPIPE"), { code: "EPIPE" }));
      },
    });
    let aborted = false;
    const terminal = pipes({
      output,
      chat: {
        async *send(_text, signal) {
          signal.addEventListener("abort", () => {
            aborted = true;
          });
          yield { type: "text", text: "to nobody" };
          await new Promise(() => undefined);
        },
      },
    });
    await terminal.adapter.start(answering().dispatch);
    terminal.input.write("hi\nagain\n");
    await terminal.adapter.done;
    await terminal.adapter.stop();
    expect(aborted).toBe(true);
  });

  it("ends a real process behind a closed pipe with code 0 and no complaint", async () => {
    const fixture = new URL("./echo-terminal.ts", import.meta.url).pathname;
    const child = spawn(process.execPath, [fixture], { stdio: ["pipe", "pipe", "pipe"] });
    const complaints = text(child.stderr);
    const code = new Promise((resolve) => child.on("exit", resolve));
    child.stdin.on("error", () => undefined);
    child.stdin.write("one\n");
    await new Promise((resolve) => child.stdout.once("data", resolve));
    child.stdout.destroy();
    for (let line = 0; line < 50; line += 1) child.stdin.write("more\n");
    expect(await code).toBe(0);
    expect(await complaints).toBe("");
  });
});
