import { checkConfigText } from "../config.ts";
import { type ConfigFile, readConfigFile, writeConfigFile } from "../config-file.ts";
import { withEntry, withoutEntry } from "../config-text.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import { checkPerson } from "../set-up/check-person.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

export interface OwnerOptions {
  readonly json?: boolean;
}

const OWNERS = ["access", "owners"] as const;

/**
 * Edits `access.owners` in the configuration and keeps the rest of the file as it
 * is, comments included; with `json` one line `{ok, path, owners, changed, error}`.
 * Needs no gateway. Exit code 2 where the person or the file has to be corrected.
 */
export async function owner(
  action: "add" | "list" | "remove",
  person: string,
  options: OwnerOptions,
  runtime: Runtime,
): Promise<ExitCode> {
  try {
    const file = readConfigFile(runtime);
    const remark = action === "add" ? checkPerson(person) : undefined;
    const next = editedBy(action, person, file);
    const changed = next !== file.text && action !== "list";
    if (changed) writeConfigFile(file, next);
    const { owners } = checkConfigText(next, file.path).access;
    if (options.json === true) {
      runtime.stdout.write(`${JSON.stringify({ ok: true, path: file.path, owners, changed, error: null })}\n`);
    } else {
      const lines = textOf({ action, person, owners, changed, path: file.path });
      runtime.stdout.write(`${[...lines, ...(remark === undefined ? [] : [remark])].join("\n")}\n`);
    }
    return 0;
  } catch (thrown) {
    const { code, message, hint, isFault } = toClutchError(thrown);
    if (options.json === true) {
      const told = { ok: false, path: null, owners: [], changed: false, error: { code, message, hint } };
      runtime.stdout.write(`${JSON.stringify(told)}\n`);
    } else {
      runtime.stderr.write(`✗ ${message}\n${hint === "" ? "" : `  ${hint}\n`}`);
    }
    return isFault ? 1 : 2;
  }
}

function editedBy(action: "add" | "list" | "remove", person: string, { text, path }: ConfigFile): string {
  if (action === "list") return text ?? "{}";
  if (action === "add") return withEntry(text ?? "{\n}\n", OWNERS, person);
  const edited = withoutEntry(text ?? "{}", OWNERS, person);
  if (edited !== text) return edited;
  throw new ClutchError("bad_option", `${person} is no owner in ${path}.`, {
    hint: "clutch owner list shows who is.",
  });
}

function textOf(told: {
  readonly action: "add" | "list" | "remove";
  readonly person: string;
  readonly owners: readonly string[];
  readonly changed: boolean;
  readonly path: string;
}): readonly string[] {
  const { action, person, owners, changed, path } = told;
  if (action === "list" && owners.length > 0) return owners;
  const nobody = owners.length === 0 ? ["No owner is configured, so nobody may change anything from a chat."] : [];
  if (action === "list") return nobody;
  if (!changed) return [`${person} is an owner already (${path}).`];
  const done = action === "add" ? `${person} is an owner now` : `${person} is no owner any more`;
  return [`${done} (${path}).`, ...nobody, "A clutch start that runs takes it over within seconds."];
}
