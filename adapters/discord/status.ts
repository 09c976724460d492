import type { ClutchError } from "../../src/errors.ts";

/** How the adapter stands with its platform. A failed one does not come back without a person. */
export interface PlatformStatus {
  readonly state: "connecting" | "ready" | "degraded" | "failed";
  /** What is wrong and what to do. */
  readonly problem?: ClutchError;
}

export interface StatusKeeper {
  /** The connection is up, or not; `failed` for good. */
  link(state: "connecting" | "up" | "down" | "failed", problem?: ClutchError): void;
  /** Something beside the connection that is wrong, or is no more. */
  problem(about: string, error: ClutchError | undefined): void;
}

/** Tells `onStatus` of each change, and of nothing twice. */
export function createStatusKeeper(onStatus: (status: PlatformStatus) => void): StatusKeeper {
  let link: Parameters<StatusKeeper["link"]>[0] = "connecting";
  let linkProblem: ClutchError | undefined;
  const problems = new Map<string, ClutchError>();
  let told = "";

  const tell = (): void => {
    const problem = linkProblem ?? problems.values().next().value;
    const settled = problem === undefined ? "ready" : "degraded";
    const state = link === "up" ? settled : link === "down" ? "degraded" : link;
    const news = `${state} ${problem?.code ?? ""} ${problem?.message ?? ""}`;
    if (news === told) return;
    told = news;
    onStatus({ state, ...(problem === undefined ? {} : { problem }) });
  };
  return {
    link(state, problem) {
      // What follows upon the end is noise.
      if (link === "failed") return;
      link = state;
      linkProblem = problem;
      tell();
    },
    problem(about, error) {
      if (error === undefined) problems.delete(about);
      else problems.set(about, error);
      tell();
    },
  };
}
