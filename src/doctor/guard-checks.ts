import { join } from "node:path";
import { ClutchError } from "../errors.ts";
import { createGuardFiles } from "../guard/guard-files.ts";
import { type GuardReport, readGuardReport } from "../guard/guard-report.ts";
import { proveGuard } from "../guard/prove-guard.ts";
import { classifyHost } from "../models/address.ts";
import { createPlugins } from "../openclaw/plugins.ts";
import { withScratchSession } from "../openclaw/scratch-session.ts";
import { broken, type Check, type Finding, gatewayCheck, ok, problem, skipped, warning } from "./check.ts";

const INSTALL = "clutch guard install";
const WHERE_WANTED = `${INSTALL}, where they are wanted`;

export const guardInstalledCheck: Check = gatewayCheck({
  part: "guard",
  name: "Installed",
  async look({ connection, guard }, { stateDirectory }) {
    const directory = join(stateDirectory, "guard");
    const host = URL.parse(connection.url)?.hostname ?? "";
    const report = await readGuardReport({
      guard,
      plugins: createPlugins(connection),
      files: createGuardFiles(directory),
      directory,
      isHere: classifyHost(host) === "loopback",
    });
    return judge(report);
  },
});

function judge({ guard, copy, version, openclaw, problems }: GuardReport): Finding | readonly Finding[] {
  const isUnknown = openclaw.state === undefined && openclaw.says.length === 0;
  if (guard === undefined && isUnknown && (copy === undefined || copy === "absent")) {
    return skipped("It is not installed. Only local-only mode and exact usage need it.", WHERE_WANTED);
  }
  if (guard === undefined) return problems.map((found) => broken(found, INSTALL));
  const isOff = !guard.mayHear || copy === "absent";
  if (problems.length === 0) {
    const whose = copy === undefined ? "" : `, version ${version} as this Clutch has it`;
    return ok(`OpenClaw runs it${whose}; it is ${guard.state.on ? "on" : "off"}.`);
  }
  return problems.map((found) => (isOff ? broken(found, INSTALL) : warning(found, "clutch guard status shows more")));
}

/** A turn has to be prepared by a gateway that may be busy. */
const CANARY_MS = 45_000;

export const guardCanaryCheck: Check = gatewayCheck({
  part: "guard",
  name: "Asked about turns",
  deadlineMs: CANARY_MS,
  async look({ connection, guard, registry }, _, { signal }) {
    const status = await guard.status({ signal }).catch((thrown: unknown) => {
      if (thrown instanceof ClutchError && thrown.code === "unexpected_reply") return undefined;
      throw thrown;
    });
    if (status === undefined) return skipped("The guard does not run, so no turn can be tried on it.");
    const { directory, canary } = status;
    if (canary.port === undefined) return skipped("It has no canary that a turn could be tried on.", INSTALL);
    try {
      const proof = await proveGuard({
        guard,
        // While it is on, a redirected turn would have a local model loaded only to say nothing.
        withScratchSession: (request, work) =>
          withScratchSession(connection, { ...request, kind: status.state.on ? "gate" : "turn" }, work),
        agentId: async () => (await registry.current()).defaultAgentId,
        directory,
        canaryPort: canary.port,
        patienceMs: 2_000,
        signal,
      });
      return FOUND[proof.canary];
    } catch (thrown) {
      if (!(thrown instanceof ClutchError) || thrown.code !== "not_verified") throw thrown;
      return problem("broken", thrown);
    }
  },
});

const FOUND: Readonly<Record<"passed" | "stopped" | "not allowed", Finding>> = {
  passed: ok("A turn on a model that leads nowhere went through all of its hooks and, since it is off, passed."),
  stopped: ok("A turn on a model that leads nowhere was stopped, since it is on."),
  "not allowed": skipped(
    "OpenClaw's modelPolicy.allow does not name clutch-canary/canary, so no turn can be tried on it.",
    'add "clutch-canary/*" to agents.defaults.modelPolicy.allow in openclaw.json',
  ),
};
