import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { uninstall } from "../../src/cli/uninstall.ts";
import { createSetupJournal } from "../../src/set-up/setup-journal.ts";
import { stateDirectory } from "../../src/wall/state-file.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

let machine: PersonMachine;
beforeEach(() => {
  machine = personMachine();
  machine.env["OPENCLAW_GATEWAY_URL"] = "ws://127.0.0.1:1";
});
afterEach(() => machine.clear());

it.each([
  ["made", ""],
  ["changed", ".20261128T120000.bak"],
])("does nothing, with --purge either, where init %s a configuration elsewhere, and says where", async (_, ending) => {
  const config = join(machine.dir, "clutch", "clutch.config.json");
  mkdirSync(join(machine.dir, "clutch"));
  writeFileSync(config, "{}");
  createSetupJournal(stateDirectory(machine.env, machine.home), Date.now).noteFile(`${config}${ending}`);
  const before = machine.files();
  const { code, err } = await machine.run((runtime) =>
    uninstall({ yes: true, purge: true, command: ["clutch"] }, runtime),
  );
  expect(code).toBe(2);
  expect(err).toContain(join(machine.dir, "clutch"));
  expect(err).toContain(`CLUTCH_CONFIG=${config}`);
  expect(machine.files()).toEqual(before);
});
