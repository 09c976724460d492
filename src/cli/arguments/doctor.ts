import type { Command } from "commander";
import type { Run } from "./run.ts";

export function doctorArguments(program: Command, run: Run): void {
  const doctor = program
    .command("doctor")
    .description("look whether everything is as it should be, and say what to do where it is not; changes nothing")
    .option("--json", "print {ok, checks, error}")
    .option("--deep", "also what takes long: canaries in the network, a question to each local model in use")
    .action(async (options: { json?: boolean; deep?: boolean }) => {
      const { doctor: examine } = await import("../doctor.ts");
      run.exitCode = await examine(options, run.runtime);
    });
  // `--json` of the two below is taken by their parent, which has it too.
  doctor
    .command("hardware")
    .description("what this machine has, which local models fit on it, and how fast they would be; needs no gateway")
    .option("--json", "print one object")
    .action(async (_, command: Command) => {
      const { doctorHardware } = await import("../doctor-hardware.ts");
      run.exitCode = await doctorHardware(command.optsWithGlobals(), run.runtime);
    });

  doctor
    .command("network")
    .description("how OpenClaw and its children get out of this machine, and what holds them; tries it with canaries")
    .option("--json", "print {ok, paths, error}")
    .action(async (_, command: Command) => {
      const { doctorNetwork } = await import("../doctor-network.ts");
      run.exitCode = await doctorNetwork(command.optsWithGlobals(), run.runtime);
    });
}
