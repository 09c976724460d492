import type { Command } from "commander";
import type { OwnerOptions } from "../owner.ts";
import type { Run } from "./run.ts";

export function ownerArguments(program: Command, run: Run): void {
  const owner = program.command("owner").description("who may change the system from a chat (access.owners)");
  const add = (name: "add" | "list" | "remove", description: string): void => {
    const command = owner
      .command(name)
      .description(description)
      .option("--json", "print {ok, path, owners, changed, error}");
    if (name !== "list") command.argument("<person>", "as PLATFORM:ID, such as discord:123456789012345678");
    command.action(async (...given: unknown[]) => {
      const { owner: edit } = await import("../owner.ts");
      const person = name === "list" ? "" : String(given[0]);
      run.exitCode = await edit(name, person, command.opts<OwnerOptions>(), run.runtime);
    });
  };
  add("add", "add a person; edits the configuration and keeps its comments");
  add("list", "print them, one a line");
  add("remove", "take a person out again");
}
