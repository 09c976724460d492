import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ChatAdapter, CommandInfo } from "../../adapters/adapter.ts";
import type { Card } from "../../commands/card.ts";
import type { Outcome } from "../../commands/dispatcher.ts";
import type { Chart } from "../../src/charts/chart.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import { type Answer, outcome, type RecordingCore, recordingCore } from "./recording-core.ts";

/** One platform with one person on it, as the suite needs it. The adapter is not started yet. */
export interface ChatAdapterHarness {
  readonly adapter: ChatAdapter;
  readonly conversation: Conversation;
  /** What the core offers, where the platform lets a person send nothing else. */
  readonly commands?: readonly CommandInfo[];
  /** The person sends a command; resolves once the platform has delivered it, or dropped it because nobody listens. */
  type(line: string): Promise<void>;
  /** The person answers the question that is shown. */
  answer(yes: boolean): Promise<void>;
  /** Whether the person can see by now that the line was taken. */
  acknowledged(line: string): boolean | Promise<boolean>;
  /** All text that the person can see. */
  shown(): string | Promise<string>;
  /** The pictures that the person can see, with their words; absent where the platform shows text alone. */
  pictures?(): readonly Picture[];
  /** The files that the person was given, and nobody else with a private answer. */
  files(): readonly GivenFile[] | Promise<readonly GivenFile[]>;
  close(): Promise<void>;
}

export interface GivenFile {
  readonly name: string;
  readonly text: string;
}

export interface Picture {
  readonly alt: string;
  readonly bytes: Uint8Array;
}

/** What every adapter must do, on any platform. `open` gives a fresh harness for each case. */
export function chatAdapterSuite(name: string, open: () => Promise<ChatAdapterHarness>): void {
  describe(`${name} as a chat adapter`, () => {
    let harness: ChatAdapterHarness;
    let core: RecordingCore;
    const start = async (answer: Answer): Promise<void> => {
      core = recordingCore(answer, harness.commands === undefined ? {} : { commands: harness.commands });
      await harness.adapter.start(core.dispatch);
    };
    const shows = (...texts: string[]): Promise<void> =>
      vi.waitFor(async () => {
        const shown = flat(await harness.shown());
        for (const text of texts) expect(shown).toContain(text);
      }, PATIENCE);
    const invoked = (times: number): Promise<void> =>
      vi.waitFor(() => expect(core.invocations).toHaveLength(times), PATIENCE);

    beforeEach(async () => {
      harness = await open();
    });
    afterEach(async () => {
      await harness.adapter.stop();
      await harness.close();
    });

    it("hands each line to the core once, with who typed it and where", async () => {
      await start(({ line }) => outcome({ title: `answer to ${line}` }));
      await harness.type("/model");
      await shows("answer to /model");
      await harness.type("/model qwen3:8b scope:agent");
      await shows("answer to /model qwen3:8b scope:agent");
      expect(core.invocations.map(({ line }) => line)).toEqual(["/model", "/model qwen3:8b scope:agent"]);
      for (const invocation of core.invocations) {
        expect(invocation).toMatchObject({ confirmed: false, conversation: harness.conversation });
        expect(invocation.person.platform).toBe(harness.adapter.platform);
      }
    });

    it("acknowledges before the command is over", async () => {
      const gate = Promise.withResolvers<Outcome>();
      await start(() => gate.promise);
      await harness.type("/slow");
      await invoked(1);
      await vi.waitFor(async () => expect(await harness.acknowledged("/slow")).toBe(true), PATIENCE);
      gate.resolve(outcome({ title: "slow answer" }));
      await shows("slow answer");
    });

    it("shows every text of a card", async () => {
      await start(() => outcome(FULL_CARD));
      await harness.type("/model");
      await shows(...FULL_CARD_TEXTS);
    });

    it("shows a chart, asked for or not: as a picture with words, else drawn with characters", async () => {
      await start(() => outcome({ title: "Usage", chart: CHART }));
      await harness.type("/model");
      await shows("Usage");
      await harness.adapter.post(harness.conversation, { tone: "info", title: "Spent", chart: CHART });
      await shows("Spent");
      if (harness.pictures === undefined) return shows("██ local 30", "▒▒ cloud 10", "1 Nov ██████");
      await vi.waitFor(() => expect(harness.pictures?.()).toHaveLength(2), PATIENCE);
      for (const { alt, bytes } of harness.pictures()) {
        expect(alt).toBe(CHART.alt);
        expect([...bytes.slice(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
        expect(bytes.length).toBeGreaterThan(5_000);
      }
    });

    it.each(["public", "private"] as const)("gives a file with a %s answer, whatever is in it", async (visibility) => {
      await start(() => ({ ...outcome({ title: "Exported", file: FILE }), visibility }));
      await harness.type("/model");
      await shows("Exported");
      await vi.waitFor(
        async () => expect(await harness.files()).toEqual([{ name: FILE.name, text: FILE.text }]),
        PATIENCE,
      );
    });

    it("shows what went wrong and what to do", async () => {
      await start(() => ({
        ...outcome({ tone: "error", title: "There is no such model.", body: ["Look at /model for those there are."] }),
        ok: false,
        visibility: "private",
        error: {
          code: "unknown_model",
          message: "There is no such model.",
          hint: "Look at /model for those there are.",
          fault: false,
        },
      }));
      await harness.type("/model nope");
      await shows("There is no such model.", "Look at /model for those there are.");
    });

    it("survives a core that throws, and answers the next line", async () => {
      await start(({ line }) => {
        if (line === "/broken") throw new Error("a fault with secrets in it");
        return outcome({ title: "still here" });
      });
      await harness.type("/broken");
      await shows("fault of its own");
      await harness.type("/fine");
      await shows("still here");
      expect(await harness.shown()).not.toContain("secrets");
    });

    it("shows progress only as long as it is news", async () => {
      await start(({ progress }) => {
        for (const value of [1, 2, 3]) {
          progress?.({
            tone: "info",
            title: "warming up",
            meter: { label: "load", value, max: 3, text: `${value}/3` },
          });
        }
        return outcome({ title: "warm" });
      });
      await harness.type("/model big");
      await shows("warm");
      await vi.waitFor(async () => expect(await harness.shown()).not.toContain("warming up"), PATIENCE);
    });

    it.each([
      { yes: true, confirmed: [false, true], shown: "it is done" },
      { yes: false, confirmed: [false], shown: "shall it be done?" },
    ])("runs the line again, confirmed, only after a yes: $yes", async ({ yes, confirmed, shown }) => {
      // Whatever the card's own button says: the yes is to what was typed.
      const actions = [{ label: "Confirm", line: "/localonly off", style: "danger", confirms: true }] as const;
      await start((invocation) =>
        invocation.confirmed
          ? outcome({ title: "it is done" })
          : {
              ...outcome({ tone: "warning", title: "shall it be done?", actions }),
              ok: false,
              needsConfirmation: true,
            },
      );
      await harness.type("/localonly on");
      await shows("shall it be done?");
      await harness.answer(yes);
      await shows(shown);
      await harness.adapter.stop();
      expect(core.invocations.map((invocation) => invocation.confirmed)).toEqual(confirmed);
      expect(core.invocations.every(({ line }) => line === "/localonly on")).toBe(true);
    });

    it("cuts what is too long and goes on", async () => {
      await start(({ line }) => outcome(line === "/long" ? LONG_CARD : { title: "short again" }));
      await harness.type("/long");
      await shows("A very long title");
      await harness.type("/short");
      await shows("short again");
      expect((await harness.shown()).length).toBeLessThan(250_000);
    });

    it("takes a card of megabytes as any other that is too long", async () => {
      const huge = (what: string): string => `${what} ${"<@1> `*_ word ".repeat(80_000)}`;
      const card: Card = {
        tone: "info",
        title: huge("A huge title"),
        body: [huge("body")],
        fields: [{ name: huge("name"), value: huge("value") }],
        table: { columns: ["a"], rows: [[huge("cell")]] },
        actions: [{ label: huge("press"), line: "/act", style: "secondary" }],
        footer: huge("footer"),
      };
      await start(({ line }) => outcome(line === "/long" ? card : { title: "short again" }));
      await harness.type("/long");
      await shows("A huge title");
      await harness.type("/short");
      await shows("short again");
    });

    it("posts what nobody asked for", async () => {
      await start(() => outcome({ title: "unused" }));
      const card = { tone: "warning", title: "the model was changed elsewhere" } as const;
      expect(await harness.adapter.post(harness.conversation, card)).toBe(true);
      await shows("the model was changed elsewhere");
    });

    it("finishes what is under way before it stops, and takes nothing more", async () => {
      const gate = Promise.withResolvers<Outcome>();
      await start(() => gate.promise);
      await harness.type("/slow");
      await invoked(1);
      let stopped = false;
      const stopping = harness.adapter.stop().then(() => {
        stopped = true;
      });
      await harness.type("/late");
      expect(stopped).toBe(false);
      gate.resolve(outcome({ title: "finished all the same" }));
      await stopping;
      await shows("finished all the same");
      expect(core.invocations.map(({ line }) => line)).toEqual(["/slow"]);
    });

    it("may be stopped twice, also at once", async () => {
      await start(() => outcome({ title: "unused" }));
      await Promise.all([harness.adapter.stop(), harness.adapter.stop()]);
      await harness.adapter.stop();
    });
  });
}

const PATIENCE = { timeout: 10_000, interval: 10 };

/** Where a platform breaks lines is its own affair. */
const flat = (text: string): string => text.replace(/\s+/g, " ");

const FULL_CARD: Card = {
  tone: "info",
  title: "qwen3 answers here",
  body: ["It was pinned yesterday.", "The default is another."],
  fields: [{ name: "Locality", value: "private address" }],
  meter: { label: "Context", value: 12.4, max: 32.8, text: "12.4k of 32.8k tokens" },
  table: { columns: ["Model", "Turns"], rows: [["ollama/qwen3", "412"]] },
  choices: {
    label: "Switch to",
    command: "/model",
    items: [{ value: "ollama/llama3", label: "llama3", detail: "fast here", group: "On this machine", current: false }],
  },
  actions: [{ label: "Undo", line: "/model undo", style: "secondary" }],
  footer: "Read just now.",
};

const CHART: Chart = {
  title: "Calls a day",
  unit: "calls",
  series: [
    { name: "local", tone: "local" },
    { name: "cloud", tone: "cloud" },
  ],
  bars: [
    { label: "1 Nov", values: [20, 0] },
    { label: "2 Nov", values: [10, 10] },
  ],
  alt: "30 local calls and 10 to the cloud",
};

const FILE = { name: "calls.csv", mediaType: "text/csv", text: 'at,model\r\n1,"ällm, 模型"\r\n' };

const FULL_CARD_TEXTS = [
  "qwen3 answers here",
  "It was pinned yesterday.",
  "The default is another.",
  "Locality",
  "private address",
  "Context",
  "12.4k of 32.8k tokens",
  "Model",
  "ollama/qwen3",
  "412",
  "Switch to",
  "llama3",
  "fast here",
  "Undo",
  "Read just now.",
];

const many = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const LONG_CARD: Card = {
  tone: "info",
  title: `A very long title ${"x".repeat(10_000)}`,
  body: many(20).map((index) => `paragraph ${index} ${"word ".repeat(500)}`),
  fields: many(500).map((index) => ({ name: `field ${index}`, value: "value" })),
  table: { columns: ["a", "b"], rows: many(3_000).map((index) => [`row ${index}`, "cell"]) },
  choices: {
    label: "Choose",
    command: "/model",
    items: many(1_000).map((index) => ({
      value: `m/${index}`,
      label: `m${index}`,
      detail: "",
      group: "",
      current: false,
    })),
  },
  actions: many(200).map((index) => ({ label: `action ${index}`, line: `/act ${index}`, style: "secondary" })),
  footer: "f".repeat(10_000),
};
