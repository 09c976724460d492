import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ClutchError, toClutchError } from "../errors.ts";
import { CANARY } from "../models/canary.ts";
import { formatModelRef, sameModel } from "../models/model-ref.ts";
import type { CanaryCalls } from "../openclaw/canary-calls.ts";
import type { GuardClient, GuardStatus } from "../openclaw/guard-client.ts";
import type { ScratchSession } from "../openclaw/scratch-session.ts";
import type { ModelRegistry } from "../registry/model-registry.ts";
import type { WallClient } from "../wall/wall-client.ts";
import { type CallMark, callsAfter } from "./calls-after.ts";
import type { CloudHelper, HelperLock } from "./helper-lock.ts";
import { type LockLayer, sparesLoopback, type UsedProxy } from "./lock-layers.ts";
import type { PathProof, Verification } from "./lock-status.ts";
import type { OllamaCloud } from "./ollama-cloud.ts";

type Layer = LockLayer["name"];

/** What a canary met. */
interface Met {
  readonly result: PathProof["result"];
  readonly detail: string;
}

/**
 * Tries every way by which text could leave, towards places that lead nowhere: a
 * model that is a trap on this machine, names below `.invalid`, an address for
 * documentation. So nothing that a canary does costs money, and what it says is
 * nobody's. Where OpenClaw goes by a setting instead, nothing is let loose unless that
 * names a local model. A way that cannot be tried is only `configured`, and one that
 * no layer holds is `not covered`.
 */
export interface Verifier {
  /** `layers` are those that hold now. Takes some seconds, and longer where a local model has to be loaded. */
  verify(layers: readonly Layer[], tell: (step: string) => void): Promise<Verification>;
  /** Only what concerns connections, also while nothing is closed. Takes some seconds. */
  network(layers: readonly Layer[]): Promise<readonly PathProof[]>;
}

/** The two on which everything else rests. */
export const TURN_PATH = "A turn pinned to a cloud model";
export const GATEWAY_PATH = "A connection of the gateway";
export const OLLAMA_PATH = "Ollama's own cloud";

/** A local model that has to be loaded first may take this long for a summary, ms; the canary does not wait for more. */
const COMPACT_MS = 60_000;

export function createVerifier(parts: {
  readonly guard: GuardClient;
  readonly wall: WallClient;
  readonly calls: CanaryCalls;
  readonly withScratchSession: ScratchSession;
  readonly helpers: HelperLock;
  readonly registry: ModelRegistry;
  readonly usedProxy: () => Promise<UsedProxy>;
  /** Whether the Ollama of this machine goes to its cloud by itself. */
  readonly ollamaCloud: () => Promise<OllamaCloud>;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): Verifier {
  const { guard, wall, calls, helpers, registry, clock, logger } = parts;

  /** A canary that cannot run proves nothing; why is said. */
  const attempt = async (path: string, heldBy: readonly string[], run: () => Promise<Met>): Promise<PathProof> => {
    const held = heldBy.join(", ");
    try {
      const met = await run();
      return { path, heldBy: met.result === "not covered" ? "" : held, ...met };
    } catch (thrown) {
      logger.info({ err: thrown, path }, "a canary could not run");
      const why = thrown instanceof ClutchError ? thrown.message : "an unexpected error; the log has it";
      return { path, heldBy: held, result: held === "" ? "not covered" : "configured", detail: `not tried: ${why}` };
    }
  };

  const status = async (): Promise<GuardStatus> => {
    const found = await guard.status();
    if (found === undefined) throw new ClutchError("not_installed", "the guard does not answer");
    return found;
  };

  /** Lets a call loose on the canary; what reaches it has leaked. */
  const loose = async (call: () => Promise<Met | undefined>): Promise<Met> => {
    const before = (await status()).canary;
    if (!before.listening) throw new ClutchError("not_verified", "the canary does not listen");
    const [ended] = await Promise.allSettled([call()]);
    const { hits } = (await status()).canary;
    if (hits > before.hits)
      return { result: "leaks", detail: "the call reached the canary, which counts as the cloud" };
    if (ended.status === "rejected") throw ended.reason;
    return ended.value ?? { result: "proved", detail: "nothing reached the canary" };
  };

  /** Where the turn of a canary ended, by what the guard saw of it. */
  const turnMet = async (isMine: (sessionKey: string) => boolean, since: number): Promise<Met | undefined> => {
    const { canaries } = await status();
    const mine = canaries.findLast(({ sessionKey, at }) => isMine(sessionKey) && at >= since);
    if (mine === undefined) return UNSEEN_TURN;
    return { result: "proved", detail: MET[mine.met](mine.model) };
  };

  /** Where the side chat went. It is never on the canary, but the guard writes down each call. */
  const sideChatMet = async (since: CallMark | undefined): Promise<Met> => {
    if (since === undefined) return { result: "configured", detail: "the guard keeps no record of calls" };
    for (let nth = 1; ; nth++) {
      const { calls: made } = (await callsAfter(guard, since)) ?? { calls: [] };
      const [mine] = made.filter(({ runId }) => runId.startsWith(SIDE_CHAT_RUN));
      if (mine !== undefined) {
        const { models } = (await status()).state;
        const name = formatModelRef(mine);
        return models.some((model) => sameModel(model, mine))
          ? { result: "proved", detail: `the guard saw it go to ${name}` }
          : { result: "leaks", detail: `the guard saw it go to ${name}` };
      }
      if (nth === RECORD_TRIES) return { result: "configured", detail: "the guard did not see the call" };
      await sleep(RECORD_PAUSE_MS);
    }
  };

  const guardPaths = async (
    agentId: string,
    left: readonly CloudHelper[],
    tell: (step: string) => void,
  ): Promise<readonly PathProof[]> => {
    const session = (kind: "turn" | "gate" | "sub-agent") => (): Promise<Met> =>
      loose(async () => {
        const since = (await status()).canaries.at(-1)?.at ?? 0;
        let mine = "";
        const turn = parts.withScratchSession({ agentId, model: CANARY, kind }, ({ key, say }) => {
          mine = key;
          return say("Say nothing.");
        });
        // How long the local model takes is another matter.
        await turn.catch((thrown: unknown) => {
          if (mine === "" || toClutchError(thrown).code !== "deadline") throw thrown;
        });
        return turnMet((sessionKey) => sessionKey === mine, since);
      });
    const found: PathProof[] = [];
    const run = async (path: string, work: () => Promise<Met>): Promise<void> => {
      // A guard that OpenClaw does not ask would let each of the others wait for its whole minute.
      if (found[0]?.detail === UNSEEN_TURN.detail) {
        found.push({ path, heldBy: "guard", result: "configured", detail: "not tried: the guard did not see a turn" });
        return;
      }
      tell(`canary: ${path.toLowerCase()}`);
      found.push(await attempt(path, ["guard"], work));
    };
    await run(TURN_PATH, session("turn"));
    await run("The same, were it not redirected", session("gate"));
    await run("A sub-agent's turn", session("sub-agent"));
    await run("A scheduled job on a cloud model", () =>
      loose(async () => {
        const since = (await status()).canaries.at(-1)?.at ?? 0;
        const id = await calls.job(agentId);
        return turnMet((sessionKey) => sessionKey.includes(`:cron:${id}`), since);
      }),
    );
    const asking = left.find(isUtility);
    await run("The side chat of a conversation", async () => {
      if (asking !== undefined) return { result: "configured", detail: notTried(asking) };
      return loose(() =>
        parts.withScratchSession({ agentId, model: CANARY, kind: "turn" }, async ({ key, say }) => {
          await say("Say nothing.");
          const since = await callsAfter(guard, undefined);
          await calls.sideChat(key);
          return sideChatMet(since);
        }),
      );
    });
    return found;
  };

  const helperPaths = async (
    agentId: string,
    {
      layers,
      left,
      byWall,
    }: { readonly layers: readonly Layer[]; readonly left: readonly CloudHelper[]; readonly byWall: ByWall },
    tell: (step: string) => void,
  ): Promise<readonly PathProof[]> => {
    const local = left.length === 0 ? ["helpers"] : [];
    const heldBy = [...local, ...(left.every(byWall) && layers.includes("wall") ? ["wall"] : [])];
    const found: PathProof[] = [];
    /** That nothing reaches the canary proves little: it is a setting that keeps such a call here. */
    const run = async (path: string, isMeant: (helper: CloudHelper) => boolean, work: () => Promise<void>) => {
      const asking = left.find(isMeant);
      if (asking !== undefined) {
        found.push(configured(path, byWall(asking), layers, notTried(asking)));
        return;
      }
      tell(`canary: ${path.toLowerCase()}`);
      const by = ["helpers", ...(layers.includes("wall") ? ["wall"] : [])];
      const make = () =>
        loose(async (): Promise<Met> => {
          await work();
          return { result: "configured", detail: "its setting names a local model; nothing reached the canary" };
        });
      found.push(await attempt(path, by, make));
    };
    if (layers.includes("guard")) {
      await run("A title for a new conversation", isUtility, () => calls.title(agentId));
      await run("A summary (compaction)", isCompaction, () =>
        parts.withScratchSession({ agentId, model: CANARY, kind: "turn" }, async ({ key, say }) => {
          await say("Say nothing.");
          await calls.say(key, "Nothing was said.");
          await calls.compact(key, COMPACT_MS);
        }),
      );
    }
    const rest = left.map((helper) => configured(helper.name, byWall(helper), layers, `still uses ${helper.uses}`));
    const unprovable: PathProof = {
      path: "Recaps, dreaming, other silent calls",
      heldBy: heldBy.join(", "),
      result: heldBy.length === 0 ? "not covered" : "configured",
      detail:
        local.length > 0
          ? "they run no hook; their settings name local models, read back from OpenClaw"
          : "their settings name the cloud",
    };
    return [...found, ...rest, unprovable];
  };

  /** `throughGuard`: the guard answers, so that the gateway's process itself and its children can be let loose. */
  const outwardPaths = async (
    layers: readonly Layer[],
    throughGuard: boolean,
    tell: (step: string) => void,
  ): Promise<readonly PathProof[]> => {
    const hasWall = layers.includes("wall");
    const heldBy = hasWall ? ["wall"] : [];
    /** The wall saw the attempt and refused it: so it was asked, and it is closed. */
    const refused = async (reach: (url: string) => Promise<string>): Promise<Met> => {
      const host = `clutch-${randomBytes(6).toString("hex")}.invalid`;
      const said = await reach(`http://${host}/`);
      const seen = (await wall.status())?.hosts.find((entry) => entry.host === host);
      if (seen !== undefined && seen.denied > 0) return { result: "proved", detail: "the wall was asked and refused" };
      if (!hasWall && seen !== undefined)
        return { result: "configured", detail: "goes through the wall, which is open now" };
      if (!hasWall) return { result: "not covered", detail: "no wall stands in between" };
      if (seen !== undefined) return { result: "leaks", detail: "the wall was asked and let it pass" };
      return { result: "leaks", detail: `the wall was not asked (${said})` };
    };
    const found: PathProof[] = [];
    const run = async (path: string, work: () => Promise<Met>, by: readonly string[] = heldBy): Promise<void> => {
      tell(`canary: ${path.toLowerCase()}`);
      found.push(await attempt(path, by, work));
    };
    if (throughGuard) {
      await run(GATEWAY_PATH, () => refused((url) => guard.tryFrom("gateway", url)));
      await run("A program that OpenClaw starts", () => refused((url) => guard.tryFrom("child", url)));
      const around = async (): Promise<Met> => {
        const said = await guard.tryAround();
        const how = AROUND[said];
        return how ?? { result: "not covered", detail: `only a firewall can hold it: clutch wall rules (${said})` };
      };
      await run("A program that ignores the proxy", around, ["firewall"]);
    } else {
      await run(GATEWAY_PATH, () => refused((url) => calls.tool("web_fetch", { url })));
    }
    return found;
  };

  const ollamaPath = async (layers: readonly Layer[]): Promise<PathProof> => {
    const { state, evidence } = await parts.ollamaCloud();
    const held = [...(layers.includes("guard") ? ["guard"] : []), ...(state === "off" ? ["Ollama"] : [])];
    return {
      path: OLLAMA_PATH,
      heldBy: held.join(", "),
      result: held.length > 0 ? "configured" : "not covered",
      detail: `turns never go to models that Ollama passes on; ${evidence}`,
    };
  };

  const settingsPaths = async (
    layers: readonly Layer[],
    byWall: ByWall,
    audit: Awaited<ReturnType<HelperLock["audit"]>>,
  ): Promise<readonly PathProof[]> => {
    const hasWall = layers.includes("wall");
    const toolsHeld = [...(layers.includes("guard") ? ["guard"] : []), ...(hasWall ? ["wall"] : [])];
    const names = audit.tools.join(", ") || "none";
    const [tool] = audit.tools.filter((name) => name === "web_search");
    const tools = await attempt(
      `Tools that ask the cloud (${audit.tools.join(", ") || "none"})`,
      toolsHeld,
      async () => {
        if (toolsHeld.length === 0) return { result: "not covered", detail: "no layer holds them" };
        if (tool === undefined || !layers.includes("guard")) return { result: "configured", detail: "not tried" };
        const said = await calls.tool(tool, { query: "nothing" });
        if (/local-only|stays local/i.test(said))
          return { result: "proved", detail: `${tool} was refused; so are ${names}` };
        return { result: "configured", detail: `${tool}: ${said}`.slice(0, 120) };
      },
    );
    const rest = audit.settings
      .filter(({ how, setting }) => (how === "egress" || how === "route") && !setting.includes(CANARY.provider))
      .map((made) => configured(made.name, byWall(made), layers, `${made.setting}: ${made.value}`));
    return [tools, ...rest];
  };

  return {
    async network(layers) {
      const answers = (await guard.status().catch(() => undefined)) !== undefined;
      return [...(await outwardPaths(layers, answers, () => undefined)), await ollamaPath(layers)];
    },

    async verify(layers, tell) {
      const { defaultAgentId } = await registry.current();
      const left = await helpers.cloudHelpers();
      const [turns, outward] = [
        layers.includes("guard") ? await guardPaths(defaultAgentId, left, tell) : [turnsBehindWall(layers)],
        await outwardPaths(layers, layers.includes("guard"), tell),
      ];
      const sparing = sparesLoopback(await parts.usedProxy().catch(() => undefined));
      const byWall: ByWall = ({ onGateway }) => layers.includes("wall") && !(sparing && onGateway);
      const calling = await helperPaths(defaultAgentId, { layers, left, byWall }, tell);
      const audit = await helpers.audit();
      const settings = await settingsPaths(layers, byWall, audit);
      return {
        at: clock(),
        paths: [...turns, ...outward, ...calling, ...settings, await ollamaPath(layers)],
        unknownSettings: audit.unknown,
      };
    },
  };
}

const isUtility = ({ setting }: CloudHelper): boolean => setting.endsWith(".utilityModel");
const isCompaction = ({ setting }: CloudHelper): boolean => setting.includes(".compaction.");
/** A check never asks the cloud itself. */
const notTried = ({ uses }: CloudHelper): string => `not tried: it would really ask ${uses}`;

/** Run ids of the side chat, in OpenClaw 2026.9.6. */
const SIDE_CHAT_RUN = "session-companion-";
/** A call is in the guard's record a moment after it is over. */
const RECORD_TRIES = 10;
const RECORD_PAUSE_MS = 200;

/** Whether the wall holds something, by where it leads. */
type ByWall = (outlet: { readonly onGateway: boolean }) => boolean;

/** Held by the wall, or by nothing. */
const configured = (path: string, held: boolean, layers: readonly Layer[], detail: string): PathProof => ({
  path,
  heldBy: held ? "wall" : "",
  result: held ? "configured" : "not covered",
  detail: held || !layers.includes("wall") ? detail : `${detail}; ${UNSEEN}`,
});

const UNSEEN = "on this machine, where OpenClaw goes past the wall unless clutch wall install --strict is used";

/** What a child met that ignores the proxy, where that shows that its packets stay here. A refused connection may have been refused by another machine. */
const AROUND: Readonly<Record<string, Met>> = {
  ENETUNREACH: { result: "proved", detail: "this machine has no way there" },
  EACCES: { result: "proved", detail: "this machine's firewall refused it" },
  EPERM: { result: "proved", detail: "this machine's firewall refused it" },
  EHOSTUNREACH: {
    result: "configured",
    detail: "refused, as the rules of clutch wall rules do; a router could do so, too",
  },
};

const UNSEEN_TURN: Met = { result: "configured", detail: "the guard did not see the turn" };

const MET: Readonly<Record<GuardStatus["canaries"][number]["met"], (model: string) => string>> = {
  local: (model) => `redirected to ${model}`,
  gate: () => "stopped at the gate",
  notice: () => "answered with a notice: no local model answers",
};

const turnsBehindWall = (layers: readonly Layer[]): PathProof => ({
  path: "A turn on a cloud model",
  heldBy: layers.includes("wall") ? "wall" : "",
  result: layers.includes("wall") ? "configured" : "not covered",
  detail: "it is not redirected: it fails after one to three minutes of trying",
});
