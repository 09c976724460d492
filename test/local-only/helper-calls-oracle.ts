import { readSlot } from "../../src/openclaw/config-slots.ts";
import type { Config } from "./lock-bench.ts";

/**
 * Which models OpenClaw 2026.9.6 would send its calls without hooks to, written
 * down from its documentation and its code, apart from Clutch's own: for every
 * agent, in a conversation that follows its agent and in one pinned to the cloud.
 */
export function helperModels(config: Config, pinned: string): { readonly call: string; readonly model: string }[] {
  const at = (...path: string[]): unknown => readSlot(config, path);
  const keys = (...path: string[]): string[] => Object.keys((at(...path) ?? {}) as Config);
  const text = (value: unknown): string => (typeof value === "string" ? value.trim() : "");
  const primary = (value: unknown): string =>
    text(value !== null && typeof value === "object" ? (value as Config)["primary"] : value);

  /** What an agent says of a model's alias replaces the shared one; an alias beats a name; a bare name belongs to the default provider. */
  const resolve = (written: string, agent: string): string => {
    const name = (written.split("@")[0] ?? "").toLowerCase();
    const aliasOf = new Map<string, string>();
    for (const holder of [
      ["agents", "defaults"],
      ["agents", "entries", agent],
    ])
      for (const ref of keys(...holder, "models")) {
        const alias = at(...holder, "models", ref, "alias");
        if (alias === null) continue;
        aliasOf.delete(ref);
        aliasOf.set(ref, text(alias).toLowerCase());
      }
    const named = [...aliasOf].filter(([, alias]) => alias !== "");
    const exact = named.findLast(([, alias]) => alias === name) ?? [];
    const scoped = named.findLast(([ref, alias]) => `${ref.split("/")[0]}/${alias}` === name) ?? [];
    return exact[0] ?? scoped[0] ?? (name.includes("/") ? name : `anthropic/${name}`);
  };
  const own = (agent: string): string =>
    resolve(primary(at("agents", "entries", agent, "model")) || primary(at("agents", "defaults", "model")), agent);

  const calls: { call: string; model: string }[] = [];
  const add = (call: string, model: string) => calls.push({ call, model });
  const summaries = (agent: string): void => {
    const speech = { ...(at("tts") as Config), ...(at("agents", "entries", agent, "tts") as Config) };
    if (at("tts") === null && at("agents", "entries", agent, "tts") === null) return;
    const model = text(speech["summaryModel"]) || primary(at("agents", "defaults", "model"));
    add(`summary for ${agent}`, resolve(model, "none"));
  };

  const agents = keys("agents", "entries");
  for (const agent of agents.length === 0 ? ["main"] : agents) {
    const of = (...path: string[]) => at("agents", "entries", agent, ...path);
    for (const session of [own(agent), pinned]) {
      const utility = of("utilityModel") ?? at("agents", "defaults", "utilityModel");
      const small = session.startsWith("anthropic/") ? "anthropic/claude-haiku-4-5" : session;
      const title = utility === null ? small : text(utility) === "" ? session : resolve(text(utility), agent);
      add(`title for ${agent}`, title);
      if (text(at("agents", "defaults", "compaction", "provider")) !== "") add(`compaction of ${agent}`, "a plugin");
      const compaction = text(at("agents", "defaults", "compaction", "model"));
      add(`compaction of ${agent}`, compaction === "" ? session : resolve(compaction, agent));
    }
    const reviewer = (of("tools", "exec", "reviewer") ?? at("tools", "exec", "reviewer") ?? {}) as Config;
    const review = primary(reviewer["model"]);
    add(`review for ${agent}`, review === "" ? own(agent) : resolve(review, agent));
    const decision = text(of("decisionModel") ?? at("agents", "defaults", "decisionModel"));
    if (decision !== "") add(`decision for ${agent}`, decision);
    if (at("tools", "media", "image", "enabled") !== false) {
      const looks = at("agents", "defaults", "imageModel");
      const named = [primary(looks), ...(((looks as Config | null)?.["fallbacks"] ?? []) as string[])].filter(Boolean);
      for (const model of named) add(`picture for ${agent}`, resolve(model, agent));
      if (named.length === 0) add(`picture for ${agent}`, pinned);
    }
    summaries(agent);
    for (const model of dreams(config)) add(`dream of ${agent}`, model === "" ? own(agent) : resolve(model, agent));
  }
  return calls;

  /** For each phase the model that is asked for, empty for the agent's own; a plugin's wish is refused without leave. */
  function dreams(config: Config): string[] {
    const memory = ["plugins", "entries", "memory-core"];
    if (at("plugins", "enabled") === false || at(...memory, "enabled") === false) return [];
    const dreaming = [...memory, "config", "dreaming"];
    if (at(...dreaming, "enabled") === false) return [];
    const shared = text(at(...dreaming, "execution", "defaults", "model")) || text(at(...dreaming, "model"));
    const allowed = (readSlot(config, [...memory, "subagent", "allowedModels"]) ?? []) as string[];
    return ["light", "rem", "deep"].flatMap((phase) => {
      const model = text(at(...dreaming, "phases", phase, "execution", "model")) || shared;
      if (model === "") return [""];
      const isRefused =
        at(...memory, "subagent", "allowModelOverride") !== true ||
        (allowed.length > 0 && !allowed.includes("*") && !allowed.includes(model));
      return isRefused ? [] : [model];
    });
  }
}
