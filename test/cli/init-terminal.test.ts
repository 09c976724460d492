import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import JSON5 from "json5";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type DiscordStandIn, startDiscord } from "../platforms/discord/discord-stand-in.ts";
import { type Machine, newMachine, type Run } from "./machine.ts";

const present = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux") === true;
const KEY = { enter: "\r", ctrlC: "\x03", yes: "y", no: "n" } as const;
const OWNER = "discord:123456789012345678";
const TOKEN = "a-token-that-nobody-may-see";

describe.skipIf(!present)(
  `init in a real pseudo-terminal${present ? "" : " (left out: there is no `script` of util-linux)"}`,
  () => {
    let machine: Machine;
    let discord: DiscordStandIn;
    beforeAll(async () => {
      discord = await startDiscord();
      discord.token = TOKEN;
    });
    afterAll(() => discord?.close());
    beforeEach(async () => {
      machine = await newMachine();
      mkdirSync(join(machine.home, ".openclaw"));
      // Set up, but nothing answers at that port: init goes on without what the gateway is needed for.
      const gateway = { port: 1, auth: { token: "t-of-the-gateway" } };
      writeFileSync(join(machine.home, ".openclaw", "openclaw.json"), JSON.stringify({ gateway }));
    });
    afterEach(() => machine.clear());

    const left = async () => [
      readdirSync(machine.cwd),
      (await machine.files()).filter((file) => file !== "home/.openclaw/openclaw.json"),
    ];
    /** Answers the questions up to the named one, and gives the run that waits there. */
    const upTo = async (question: string): Promise<Run> => {
      const run = machine.clutchInTerminal(["init", "--discord-api", discord.apiUrl]);
      const steps: readonly (readonly [question: string, answer: string])[] = [
        ["Who is it?", `${OWNER}${KEY.enter}`],
        ["Set up Discord now?", KEY.yes],
        ["Its bot token", `${TOKEN}${KEY.enter}`],
        ["In which servers", KEY.enter],
        ["Set up Slack now?", KEY.no],
        ["Write this", ""],
      ];
      for (const [asked, answer] of steps) {
        await run.sees(asked);
        if (asked === question) return run;
        run.type(answer);
      }
      throw new Error(`there is no question “${question}”`);
    };

    it("asks, keeps what is typed in a file of its own, and writes a configuration that explains itself", async () => {
      const run = await upTo("Write this");
      expect((await left()).flat()).toEqual([]);
      run.type(KEY.yes);
      expect(await run.ended).toBe(0);
      expect(run.stdout()).not.toContain(TOKEN);
      expect(run.stdout()).not.toContain("t-of-the-gateway");
      const file = join(machine.cwd, "clutch.config.json");
      const text = readFileSync(file, "utf8");
      const secret = join(machine.home, ".config/clutch/secrets/discord-token");
      expect(JSON5.parse(text)).toEqual({
        gateway: { url: "ws://127.0.0.1:1" },
        store: `sqlite:${join(machine.cwd, "clutch.db")}`,
        access: { owners: [OWNER], operators: [], viewers: ["*"] },
        discord: { token: `file:${secret}`, guilds: [...discord.world.guildIds], apiUrl: discord.apiUrl },
      });
      for (const key of [
        "gateway",
        "store",
        "servers",
        "trustedLocal",
        "access",
        "discord",
        "slack",
        "wall",
        "usage",
      ]) {
        expect(text).toMatch(new RegExp(`\\n {2}// [^\\n]+\\n {2}(// )?"${key}": `));
      }
      expect(readFileSync(secret, "utf8")).toBe(`${TOKEN}\n`);
      expect([file, secret, join(secret, "..")].map((path) => statSync(path).mode & 0o777)).toEqual([
        0o600, 0o600, 0o700,
      ]);
      expect(existsSync(join(machine.home, ".local/state/clutch/setup.json"))).toBe(true);
    });

    it("leaves the token of another directory's Clutch where it is, and says where this one goes", async () => {
      const secret = join(machine.home, ".config/clutch/secrets/discord-token");
      mkdirSync(join(secret, ".."), { recursive: true });
      writeFileSync(secret, "of-another\n");
      const run = await upTo("Write this");
      run.type(KEY.yes);
      expect(await run.ended).toBe(0);
      expect(run.stdout().replace(/\s+/g, "")).toContain("holdsanotherone,whichstays");
      expect([secret, `${secret}-2`].map((path) => readFileSync(path, "utf8"))).toEqual(["of-another\n", `${TOKEN}\n`]);
      const config = readFileSync(join(machine.cwd, "clutch.config.json"), "utf8");
      expect(JSON5.parse(config)).toMatchObject({ discord: { token: `file:${secret}-2` } });
      // What uninstall --purge deletes.
      const { files } = JSON.parse(readFileSync(join(machine.home, ".local/state/clutch/setup.json"), "utf8"));
      expect(files).toEqual([`${secret}-2`, join(machine.cwd, "clutch.config.json")]);
    });

    it("asks again where Discord does not take a token, and goes on without where the person wants that", async () => {
      const run = machine.clutchInTerminal(["init", "--owner", OWNER, "--discord-api", discord.apiUrl]);
      await run.sees("Set up Discord now?");
      run.type(KEY.yes);
      await run.sees("Its bot token");
      run.type(`wrong${KEY.enter}`);
      await run.sees("Discord does not accept the bot token");
      await run.sees((shown) => shown.split("Set up Discord now?").length > 3);
      run.type(KEY.no);
      await run.sees("Set up Slack now?");
      run.type(KEY.ctrlC);
      expect(await run.ended).toBe(2);
      expect((await left()).flat()).toEqual([]);
    });

    it.each([
      "Who is it?",
      "Set up Discord now?",
      "Its bot token",
      "In which servers",
      "Set up Slack now?",
      "Write this",
    ])("Ctrl-C at “%s” leaves no file", async (question) => {
      const run = await upTo(question);
      run.type(KEY.ctrlC);
      expect(await run.ended).toBe(2);
      expect(run.stdout()).toContain("nothing was written");
      expect((await left()).flat()).toEqual([]);
    });
  },
);
