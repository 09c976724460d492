import type { Command } from "commander";
import type { ModelsListOptions } from "../models.ts";
import type { ModelsSetupOptions } from "../models-setup.ts";
import type { Run } from "./run.ts";

export function modelsArguments(program: Command, run: Run): void {
  const models = program.command("models").description("what is known of models, and setting local ones up");
  models
    .command("list")
    .description("print the models that OpenClaw offers, with what is known of them")
    .option("--local", "only those that run on this network")
    .option("--cloud", "only those that do not, or may not")
    .option("--loaded", "only those in memory now")
    .option("--fits", "only those that this machine can run")
    .option("--sort <by>", "name, speed, size, window or rating")
    .option("--json", "print {ok, models, error}")
    .action(async (options: ModelsListOptions) => {
      const { modelsList } = await import("../models.ts");
      run.exitCode = await modelsList(options, run.runtime);
    });
  models
    .command("show")
    .description("print all that is known of a model, each figure with its source and date")
    .argument("<name>", "a model's ref, alias or a part of its name")
    .option("--json", "print {ok, model, error}")
    .action(async (name: string, options: { json?: boolean }) => {
      const { modelsShow } = await import("../models.ts");
      run.exitCode = await modelsShow(name, options, run.runtime);
    });
  models
    .command("setup")
    .description("download local models, try them, and define in OpenClaw what has passed")
    .argument("[models...]", "names as Ollama has them, such as qwen2.5-coder:32b")
    .option(
      "--yes",
      "take the recommended model and those that are there, where none is named, and write without asking",
    )
    .option("--server <id>", "which Ollama, by OpenClaw's provider id")
    .option("--window <tokens>", "the window to give them, such as 32768 or 32k")
    .option("--force", "try what does not fit, and define what did not pass")
    .option("--undo", "take the last set-up out of OpenClaw's configuration again; downloads stay")
    .option("--json", "print one object")
    .action(async (names: string[], options: ModelsSetupOptions) => {
      const { modelsSetup } = await import("../models-setup.ts");
      run.exitCode = await modelsSetup(names, options, run.runtime);
    });
}
