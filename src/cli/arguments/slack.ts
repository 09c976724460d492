import { type Command, Option } from "commander";
import type { SlackManifestOptions } from "../slack.ts";
import type { Run } from "./run.ts";

export function slackArguments(program: Command, run: Run): void {
  program
    .command("slack")
    .description("set up Clutch's own Slack app")
    .command("manifest")
    .description("print the manifest to paste where Slack asks for one; needs no tokens and no gateway")
    .option("--json", "print JSON instead of YAML")
    .option("--request-url <url>", "HTTP mode: https address of /slack/events, where Slack reaches Clutch")
    .addOption(new Option("--mode <mode>", "as slack.mode in the configuration").choices(["socket", "http"]))
    .action(async (options: SlackManifestOptions) => {
      const { printSlackManifest } = await import("../slack.ts");
      run.exitCode = await printSlackManifest(options, run.runtime);
    });
}
