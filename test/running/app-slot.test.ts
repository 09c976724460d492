import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { Invocation, Outcome } from "../../commands/dispatcher.ts";
import type { App } from "../../src/app.ts";
import { createAppSlot } from "../../src/cli/app-slot.ts";

const invocation = (line: string): Invocation => ({
  line,
  conversation: { platform: "discord", channel: "9", kind: "channel", person: "1" },
  person: { platform: "discord", id: "1" },
  confirmed: false,
});

/** An App whose commands end when they are told to, or aborted. */
function app(name: string, log: string[]) {
  const ends: (() => void)[] = [];
  const made = {
    dispatcher: {
      commands: [],
      admits: () => true,
      complete: () => [],
      run: ({ line, signal }: Invocation): Promise<Outcome> =>
        new Promise((resolve) => {
          log.push(`${name} begins ${line}`);
          const end = (how: string) => () => {
            log.push(`${name} ${how} ${line}`);
            resolve({ ok: true, card: { tone: "info", title: name }, visibility: "private", needsConfirmation: false });
          };
          ends.push(end("ends"));
          signal?.addEventListener("abort", end("aborts"), { once: true });
        }),
    },
    actions: {
      seal: async () => `${name}-button`,
      open: async () => ({ kind: "gone" as const }),
      claim: async () => true,
    },
    close: async () => void log.push(`${name} closes`),
  };
  return { app: made as unknown as App, end: () => ends.shift()?.() };
}

describe("an App is exchanged", () => {
  it("after its commands have ended; what comes in meanwhile is the new one's", async () => {
    const log: string[] = [];
    const [old, next] = [app("old", log), app("new", log)];
    const slot = createAppSlot(old.app);
    const first = slot.dispatch.run(invocation("/a"));
    const exchange = slot.exchange(async () => {
      log.push("opens");
      return next.app;
    });
    const second = slot.dispatch.run(invocation("/b"));
    const button = slot.actions.seal({ line: "", confirms: false, actor: "", place: "" });
    await sleep(20);
    expect([log, slot.isExchanging]).toEqual([["old begins /a"], true]);

    old.end();
    expect((await first).card.title).toBe("old");
    await exchange;
    expect(await button).toBe("new-button");
    await sleep(0);
    next.end();
    expect((await second).card.title).toBe("new");
    expect(log).toEqual(["old begins /a", "old ends /a", "old closes", "opens", "new begins /b", "new ends /b"]);
    expect([slot.isExchanging, slot.current()]).toEqual([false, next.app]);
  });

  it("again and again while commands and buttons come: each is taken once, by an App that is open", async () => {
    let [opened, taken] = [0, 0];
    const make = (): App => {
      let isOpen = true;
      opened++;
      const needsOpen = async <T>(value: T): Promise<T> => {
        expect(isOpen).toBe(true);
        await sleep(Math.random() * 5);
        expect(isOpen).toBe(true);
        return value;
      };
      return {
        dispatcher: {
          commands: [],
          admits: () => true,
          complete: () => [],
          run: ({ line }: Invocation) => {
            taken++;
            return needsOpen({ ok: true, card: { tone: "info", title: line } });
          },
        },
        actions: { seal: () => needsOpen("id"), open: async () => ({ kind: "gone" }), claim: async () => true },
        close: async () => {
          isOpen = false;
          await sleep(2);
        },
      } as unknown as App;
    };
    const slot = createAppSlot(make());
    const exchanges = (async () => {
      for (let count = 0; count < 15; count++) {
        await sleep(Math.random() * 10);
        await slot.exchange(async () => make());
      }
    })();
    const answers = await Promise.all(
      Array.from({ length: 600 }, async (_, index) => {
        await sleep(Math.random() * 200);
        const { card } = await slot.dispatch.run(invocation(`/${index}`));
        await slot.actions.seal({ line: "", confirms: false, actor: "", place: "" });
        return card.title;
      }),
    );
    await exchanges;
    expect(answers).toEqual(Array.from({ length: 600 }, (_, index) => `/${index}`));
    expect([taken, opened]).toEqual([600, 16]);
  });

  it("and where none can be opened, says so and lets nobody wait for ever", async () => {
    const log: string[] = [];
    const old = app("old", log);
    const slot = createAppSlot(old.app);
    const exchange = slot.exchange(async () => {
      throw new Error("no gateway");
    });
    const waiting = slot.dispatch.run(invocation("/b"));
    await expect(exchange).rejects.toThrow("no gateway");
    await sleep(0);
    old.end();
    await waiting;
    expect(slot.isExchanging).toBe(false);
  });
});

describe("whoever waits for an App that does not come", () => {
  it("is told so, and nothing of it is done when it comes after all", async () => {
    const log: string[] = [];
    const [old, next] = [app("old", log), app("new", log)];
    const slot = createAppSlot(old.app, 100);
    const opened = Promise.withResolvers<App>();
    const exchange = slot.exchange(() => opened.promise);
    const [command, press, delivery] = [
      slot.dispatch.run(invocation("/model x")),
      slot.actions.open("button", { platform: "discord", id: "1" }, "here"),
      slot.actions.claim("delivery"),
    ];
    await expect(press).rejects.toMatchObject({ code: "gateway_unreachable" });
    expect(await command).toMatchObject({
      ok: false,
      visibility: "private",
      error: { code: "gateway_unreachable", hint: expect.stringContaining("nothing of it will be done later") },
    });
    // Its command is refused in its turn, and by that its person hears of it.
    expect(await delivery).toBe(true);
    opened.resolve(next.app);
    await exchange;
    await sleep(20);
    expect(log).toEqual(["old closes"]);
    const later = slot.dispatch.run(invocation("/model"));
    await sleep(0);
    next.end();
    expect((await later).card.title).toBe("new");
  });
});

describe("the end", () => {
  it("waits for a command that runs", async () => {
    const log: string[] = [];
    const old = app("old", log);
    const slot = createAppSlot(old.app);
    const run = slot.dispatch.run(invocation("/a"));
    let finished = false;
    const end = slot.finish(10_000).then(() => {
      finished = true;
    });
    await sleep(20);
    expect(finished).toBe(false);
    old.end();
    await Promise.all([run, end]);
    expect(log).toEqual(["old begins /a", "old ends /a"]);
  });

  it("is told to one that an adapter had taken before, as well", async () => {
    const log: string[] = [];
    const old = app("old", log);
    const slot = createAppSlot(old.app);
    const first = slot.dispatch.run(invocation("/a"));
    const end = slot.finish(20);
    await first;
    await slot.dispatch.run(invocation("/b"));
    await end;
    expect(log).toEqual(["old begins /a", "old aborts /a", "old begins /b", "old aborts /b"]);
  });

  it("aborts it when its time is up, and its answer still comes", async () => {
    const log: string[] = [];
    const slot = createAppSlot(app("old", log).app);
    const run = slot.dispatch.run(invocation("/a"));
    await slot.finish(20);
    expect((await run).ok).toBe(true);
    expect(log).toEqual(["old begins /a", "old aborts /a"]);
  });
});
