import type { Command } from "commander";
import type { ExitCode, Runtime } from "../runtime.ts";

/** One run of the binary: what a subcommand has around it, and how it ended. */
export interface Run {
  readonly runtime: Runtime;
  exitCode: ExitCode;
}

/** Reads the arguments of one subcommand and hands them over; what does the work is loaded only then. */
export type AddArguments = (program: Command, run: Run) => void;
