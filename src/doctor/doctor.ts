import { ClutchError } from "../errors.ts";
import { hideSecrets } from "../logger.ts";
import { type Check, type Finding, type FindingState, PARTS, type Part, type World } from "./check.ts";
import { allChecks } from "./checks.ts";

/** One finding, as it is shown. */
export interface Checked {
  readonly part: Part;
  readonly name: string;
  readonly state: FindingState;
  readonly found: string;
  /** Null where nothing has to be done. */
  readonly remedy: string | null;
}

/** Looks at every part of Clutch and of what it stands on. */
export interface Doctor {
  /** Never rejects: what cannot be looked at is a finding. In a stable order. `deep` takes up to two minutes. */
  examine(how: { readonly deep: boolean; readonly signal?: AbortSignal }): Promise<readonly Checked[]>;
}

const DEADLINE_MS = 15_000;

/** All checks at once, each with a deadline of its own. */
export function createDoctor(world: World, checks: readonly Check[] = allChecks): Doctor {
  const shown = (text: string): string => withoutCredentials(hideSecrets(text, world.secrets));

  const lookAt = async (check: Check, deep: boolean, ended: AbortSignal): Promise<readonly Finding[]> => {
    const { deadlineMs = DEADLINE_MS } = check;
    const timeout = AbortSignal.timeout(deadlineMs);
    const signal = AbortSignal.any([timeout, ended]);
    try {
      return [await untilAborted(check.look(world, { deep, signal }), signal)].flat();
    } catch (thrown) {
      if (ended.aborted) return [{ state: "skipped", found: "It was interrupted." }];
      if (timeout.aborted) {
        return [
          {
            state: "warning",
            found: `It could not be looked at within ${deadlineMs / 1_000} s, so how it is nobody knows.`,
            remedy: "clutch doctor once more, when the machine is less busy",
          },
        ];
      }
      return [couldNot(thrown)];
    }
  };

  return {
    async examine({ deep, signal = new AbortController().signal }) {
      const found = await Promise.all(
        checks.map(async (check) =>
          (await lookAt(check, deep, signal)).map(
            ({ name = check.name, state, found: text, remedy }): Checked => ({
              part: check.part,
              name: shown(name),
              state,
              found: shown(text),
              remedy: remedy === undefined ? null : shown(remedy),
            }),
          ),
        ),
      );
      return found.flat().toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
    },
  };
}

function couldNot(thrown: unknown): Finding {
  if (!(thrown instanceof ClutchError)) {
    return { state: "warning", found: "It could not be looked at: this check met a fault of its own." };
  }
  const found = `It could not be looked at. ${thrown.message}`;
  return { state: "warning", found, ...(thrown.hint === "" ? {} : { remedy: thrown.hint }) };
}

const untilAborted = <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });

/** Addresses without the name, the password and the settings that may stand in them. */
const withoutCredentials = (text: string): string =>
  text
    .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#@]*@/giu, "$1")
    .replace(/(https?|wss?|postgres(?:ql)?)(:\/\/[^\s?#]*)[?#][^\s)”"]*/giu, "$1$2");

export interface Verdict {
  readonly state: "ok" | "warning" | "broken";
  /** One sentence. */
  readonly text: string;
}

/** What it all comes to. */
export function verdictOf(checked: readonly Checked[]): Verdict {
  const count = (state: FindingState): number => checked.filter((one) => one.state === state).length;
  const [faults, warnings, left] = [count("broken"), count("warning"), count("skipped")];
  const rest = left === 0 ? "" : ` ${left} ${left === 1 ? "thing was" : "things were"} not looked at.`;
  if (faults > 0) {
    const also = warnings === 0 ? "" : `, and ${warnings} to look at`;
    return { state: "broken", text: `${faults} ${faults === 1 ? "thing is" : "things are"} broken${also}.${rest}` };
  }
  if (warnings > 0) return { state: "warning", text: `It works; ${things(warnings)} to look at.${rest}` };
  return { state: "ok", text: `All is well.${rest}` };
}

const things = (count: number): string => `${count} ${count === 1 ? "thing is" : "things are"}`;
