import { ClutchError } from "../errors.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { PluginReport, Plugins } from "../openclaw/plugins.ts";
import { GUARD_ID } from "./guard-config.ts";
import type { GuardCopy, GuardFiles } from "./guard-files.ts";

/** How the guard stands. */
export interface GuardReport {
  readonly path: string;
  /** Of the guard of this Clutch. */
  readonly version: string;
  /** Undefined where the gateway is on another machine, or its guard has another directory. */
  readonly copy: GuardCopy | undefined;
  /** Undefined where it does not answer. */
  readonly guard: GuardStatus | undefined;
  readonly openclaw: PluginReport;
  /** What is not as it should be, one sentence each. */
  readonly problems: readonly string[];
}

/** Looks at the guard, in OpenClaw and on the disk. Throws the codes of `GatewayConnection.request`. */
export async function readGuardReport(parts: {
  readonly guard: Pick<GuardClient, "status">;
  readonly plugins: Pick<Plugins, "about" | "restarts">;
  readonly files: Pick<GuardFiles, "path" | "version" | "look">;
  readonly directory: string;
  /** Whether the gateway is on this machine. */
  readonly isHere: boolean;
}): Promise<GuardReport> {
  const { files, directory, isHere } = parts;
  const { path, version } = files;
  const openclaw = await parts.plugins.about(GUARD_ID, path);
  const { guard, isStrange } = await look(parts.guard);
  const copy = isHere && (guard === undefined || guard.directory === directory) ? files.look() : undefined;
  const problems = isStrange
    ? ["The guard that answers is of a version that this Clutch does not understand; clutch guard install updates it."]
    : guard === undefined
      ? [absent(openclaw, copy)]
      : [...ofCopy(copy, path, parts.plugins.restarts()), ...ofGuard(guard)];
  return { path, version, copy, guard, openclaw, problems };
}

async function look(
  client: Pick<GuardClient, "status">,
): Promise<{ guard: GuardStatus | undefined; isStrange: boolean }> {
  try {
    return { guard: await client.status(), isStrange: false };
  } catch (thrown) {
    if (!(thrown instanceof ClutchError) || thrown.code !== "unexpected_reply") throw thrown;
    return { guard: undefined, isStrange: true };
  }
}

const absent = ({ state, says }: PluginReport, copy: GuardCopy | undefined): string => {
  if (state === undefined && says.length === 0 && (copy === undefined || copy === "absent"))
    return "The guard is not installed; clutch guard install does that.";
  const said = says.length === 0 ? "" : ` OpenClaw says: ${says.join(" ")}`;
  return `OpenClaw does not run the guard: turns are not kept local.${said} Run clutch guard install.`;
};

function ofCopy(copy: GuardCopy | undefined, path: string, isNeeded: boolean): readonly string[] {
  if (copy === "absent") {
    const next = isNeeded ? "this OpenClaw would not start again" : "the gateway would start without it";
    return [`Its files at ${path} are gone: it runs on, but ${next}. Run clutch guard install.`];
  }
  if (copy === "different") return ["Its files are not those of this Clutch; clutch guard install updates them."];
  return [];
}

function ofGuard({ mayHear, canary, state, escapes }: GuardStatus): readonly string[] {
  return [
    ...(mayHear
      ? []
      : ["OpenClaw does not let it hear of turns (hooks.allowConversationAccess); clutch guard install mends that."]),
    ...(canary.listening ? [] : ["Its canary does not listen, so nothing can be tried."]),
    ...(state.damage === undefined
      ? []
      : [`The file of its state ${state.damage}, so it is on. Turn local-only mode on or off.`]),
    ...escapes.map(
      ({ provider, model, at }) => `A call went to ${provider}/${model} at ${new Date(at).toISOString()}.`,
    ),
  ];
}
