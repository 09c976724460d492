import type { Command } from "commander";
import type { AuditOptions } from "../audit.ts";
import type { Run } from "./run.ts";

export function auditArguments(program: Command, run: Run): void {
  program
    .command("audit")
    .description("print who changed what, where and when, newest first")
    .option("--actor <who>", "PLATFORM:USER, such as discord:123456789; clutch for what Clutch did by itself")
    .option("--place <session>", "session key of the conversation in which it was typed")
    .option("--target <what>", "session key or agent that it was about")
    .option("--action <name>", "such as model.switch, model.undo, model.return")
    .option("--since <when>", "how long ago (90m, 12h, 7d, 2w) or a date (2026-11-22, 2026-11-22T14:00:00Z)")
    .option("--until <when>", "the same; entries before it")
    .option("--limit <count>", "at most so many, the newest (default 50)")
    .option("--json", "print one object a line")
    .action(async (options: AuditOptions) => {
      const { audit } = await import("../audit.ts");
      run.exitCode = await audit(options, run.runtime);
    });
}
