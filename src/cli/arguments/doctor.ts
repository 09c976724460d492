import type { Command } from "commander";
import type { Run } from "./run.ts";

export function doctorArguments(program: Command, run: Run): void {
  const doctor = program.command("doctor").description("look whether everything is as it should be");
  doctor
    .command("hardware")
    .description("what this machine has, which local models fit on it, and how fast they would be; needs no gateway")
    .option("--json", "print one object")
    .action(async (options: { json?: boolean }) => {
      const { doctorHardware } = await import("../doctor-hardware.ts");
      run.exitCode = await doctorHardware(options, run.runtime);
    });

  doctor
    .command("network")
    .description("how OpenClaw and its children get out of this machine, and what holds them; tries it with canaries")
    .option("--json", "print {ok, paths, error}")
    .action(async (options: { json?: boolean }) => {
      const { doctorNetwork } = await import("../doctor-network.ts");
      run.exitCode = await doctorNetwork(options, run.runtime);
    });
}
