import { type Command, Option } from "commander";
import type { InitOptions } from "../init.ts";
import type { Run } from "./run.ts";

export function initArguments(program: Command, run: Run): void {
  const several = (value: string, former: readonly string[] = []): readonly string[] => [...former, value];
  program
    .command("init")
    .description("set Clutch up: asks, shows what it would write and change, and does it after a yes")
    .option("--yes", "write without asking; of what OpenClaw is offered only what a flag names")
    .option("--json", "print one object, and ask nothing")
    .option("--owner <person>", "who may change everything from a chat, as PLATFORM:ID; may be given again", several)
    .option("--gateway <url>", "OpenClaw's gateway, where it is not this machine's")
    .option("--gateway-token <reference>", "its token, as env:NAME or file:PATH, as all secrets here")
    .option("--ollama <url>", "a model server that Ollama's API answers at")
    .option("--claude-key <reference>", "a key of Anthropic's for Clutch itself; OpenClaw's own is never taken")
    .option("--discord-token <reference>", "bot token of Clutch's own Discord application")
    .option(
      "--discord-guild <id>",
      "a server in which its commands appear at once, instead of those that are configured; may be given again",
      several,
    )
    .addOption(new Option("--discord-api <url>", "another root of Discord's API").hideHelp())
    .option("--slack-bot-token <reference>", "bot token of Clutch's own Slack app")
    .option("--slack-app-token <reference>", "app-level token of it")
    .addOption(new Option("--slack-api <url>", "another root of Slack's API").hideHelp())
    .option("--guard", "install the guard")
    .option("--wall", "install the wall")
    .option("--helpers <model>", "send OpenClaw's own calls to this local model")
    .option("--souls", "bring OpenClaw's defaults in step with SOUL.md")
    .option("--hide-commands", "have OpenClaw register no chat commands of its own where Clutch is")
    .action(async (options: Omit<InitOptions, "command">) => {
      const { init } = await import("../init.ts");
      run.exitCode = await init({ ...options, command: [process.execPath, process.argv[1] ?? ""] }, run.runtime);
    });
}
