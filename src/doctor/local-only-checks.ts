import type { LockStatus, PathProof } from "../local-only/lock-status.ts";
import { OLLAMA_PATH } from "../local-only/verifier.ts";
import { broken, type Check, type Finding, gatewayCheck, ok, skipped, warning } from "./check.ts";
import { list } from "./words.ts";

export const localOnlyCheck: Check = gatewayCheck({
  part: "local-only",
  name: "Mode",
  async look({ localOnly, hasStore }) {
    if (!hasStore) return skipped("How it is to be stands in the store, which could not be opened as it is.");
    return judge(await localOnly.status());
  },
});

/** What the mode is, and everything that is wrong with it. */
function judge(status: LockStatus): Finding | readonly Finding[] {
  const { enforcement, problems, layers, last, isWatched } = status;
  const missing = layers.filter(({ state }) => state === "absent");
  const unwatched = warning(
    "No running Clutch watches over it: what changes meanwhile is noticed by nobody.",
    "clutch start, and leave it running",
  );
  switch (enforcement) {
    case "off":
      return ok(last === undefined ? "It is off and never was on." : "It is off.");
    case "changing":
      return warning(
        `It is being turned ${status.wanted}, or that was interrupted. ${problems.join(" ")}`.trim(),
        `clutch localonly ${status.wanted} finishes it`,
      );
    case "broken":
      return problems.map((found) =>
        broken(found, "clutch localonly on closes what is open; clutch localonly verify proves it"),
      );
    case "partly": {
      const why = missing.map(({ name, text }) => `The ${name} is missing: ${text}`).join(" ");
      const found = warning(
        `It is on, and only partly enforced. ${why || "Not every path was proved."}`,
        missing.length > 0 ? list(missing.map(({ name }) => `clutch ${name} install`)) : "clutch localonly verify",
      );
      return isWatched ? found : [found, unwatched];
    }
    case "enforced":
      return isWatched ? ok("It is on and enforced; it was proved when it was turned on.") : unwatched;
  }
}

/** Each canary waits for its refusal. */
const CANARIES_MS = 120_000;

export const networkCheck: Check = gatewayCheck({
  part: "local-only",
  name: "Ways out",
  deadlineMs: CANARIES_MS,
  async look({ localOnly }, _, { deep }) {
    if (!deep) return skipped("Canaries were not let loose.", "clutch doctor --deep, or clutch doctor network");
    const isOn = localOnly.isOn();
    // Ollama's own cloud has a check of its own.
    const paths = (await localOnly.verifyNetwork()).filter(({ path }) => path !== OLLAMA_PATH);
    return paths.map((proof) => fromProof(proof, isOn));
  },
});

/** While the mode is off nothing has to be held, so only what gets past a closed wall is broken. */
const fromProof = ({ path, result, detail }: PathProof, isOn: boolean): Finding => ({
  name: path,
  ...(result === "leaks"
    ? broken(
        `It gets out: ${detail}.`,
        "restart the gateway if that was not done after clutch wall install; clutch wall status",
      )
    : ok(`${RESULTS[isOn ? "on" : "off"][result]}: ${detail}.`)),
});

const RESULTS: Readonly<Record<"on" | "off", Readonly<Record<Exclude<PathProof["result"], "leaks">, string>>>> = {
  on: {
    proved: "Held, as a canary has just shown",
    configured: "Held by its settings; no canary can show it",
    "not covered": "Nothing holds it",
  },
  off: {
    proved: "Held even now, as a canary has just shown",
    configured: "Open now, and held while local-only mode is on",
    "not covered": "Nothing would hold it",
  },
};
