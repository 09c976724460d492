import { join } from "node:path";
import { startCanary } from "./canary.js";
import { createHooks } from "./hooks.js";
import { GuardRefusal } from "./lock.js";
import { connectFromChild, fetchFromChild, fetchFromHere } from "./probe.js";
import { sharedCalls, sharedState } from "./shared.js";
import { checkRules, list, object, text } from "./state-file.js";

/** @import { RunContext } from "./types.js" */

/** Of what `clutch.guard.status` answers; Clutch refuses to work with another one. */
const PROTOCOL = 1;
/** Before other plugins: the first override wins. */
const FIRST = { priority: 10_000 };

/**
 * The part of Clutch that runs inside OpenClaw. It keeps no secrets, speaks to
 * nobody but local model servers, with what OpenClaw's configuration has for them, and keeps what it was told in one file, so that
 * a gateway that starts again is guarded from its first turn on.
 */
export default {
  id: "clutch-guard",
  name: "Clutch guard",
  description: "Keeps OpenClaw's turns on local models while Clutch's local-only mode is on.",

  /** @param {any} api OpenClaw's plugin API. */
  register(api) {
    const { directory, canaryPort } = object(api.pluginConfig ?? {});
    // Its schema requires nothing: OpenClaw holds an empty configuration against it while it is being taken out.
    if (directory === undefined) throw new TypeError("no directory is set; clutch guard install sets it");
    const config = () => api.runtime.config.current();
    const shared = sharedState(join(text(directory), "guard.json"), config);
    const { lock, health, memory } = shared;
    const calls = sharedCalls(join(text(directory), "calls.jsonl"));
    /** Other keys name none that came of another. @param {string} sessionKey */
    const entryOf = (sessionKey) =>
      /^agent:[^:]+:./i.test(sessionKey) ? api.runtime.agent.session.getSessionEntry({ sessionKey }) : {};
    const hooks = createHooks(shared, { config, entryOf, clock: Date.now });

    api.on(
      "before_model_resolve",
      (/** @type {unknown} */ event, /** @type {RunContext} */ run) => {
        calls.seen(run);
        return hooks.beforeModelResolve(event, run);
      },
      FIRST,
    );
    api.on("before_agent_reply", hooks.beforeAgentReply, FIRST);
    api.on("before_agent_run", hooks.beforeAgentRun, FIRST);
    api.on("before_dispatch", hooks.beforeDispatch, FIRST);
    api.on("before_tool_call", hooks.beforeToolCall, FIRST);
    api.on("model_call_started", (/** @type {any} */ event, /** @type {any} */ run) => {
      calls.started(event, run);
      hooks.modelCallStarted(event, run);
    });
    api.on("model_call_ended", (/** @type {any} */ event, /** @type {any} */ run) => {
      calls.ended(event, run);
      hooks.modelCallEnded(event);
    });
    api.on("before_message_write", (/** @type {any} */ event, /** @type {any} */ session) => {
      calls.written(event.message, session);
    });
    api.on("agent_end", (/** @type {any} */ event) => calls.runEnded(event));

    if (typeof canaryPort === "number") {
      api.registerService({
        id: "clutch-canary",
        start() {
          memory.canary ??= startCanary({
            port: canaryPort,
            onError: (error) => api.logger?.warn?.(`clutch-guard: the canary does not listen (${String(error)})`),
          });
        },
        stop() {
          memory.canary?.close();
          memory.canary = undefined;
        },
      });
    }

    const status = () => {
      const { proxy = {}, plugins = {} } = config() ?? {};
      return {
        protocol: PROTOCOL,
        directory,
        pid: process.pid,
        life: memory.life,
        state: lock.state(),
        escapes: memory.escapes,
        canaries: memory.canaries,
        heard: memory.heard,
        canary: {
          port: canaryPort,
          hits: memory.canary?.hits() ?? 0,
          listening: memory.canary?.isListening() === true,
        },
        // Over the wire OpenClaw shows no addresses of proxies.
        proxy: {
          enabled: proxy.enabled === true,
          address: hostAndPort(proxy.proxyUrl),
          loopbackMode: proxy.loopbackMode,
        },
        mayHear: plugins.entries?.["clutch-guard"]?.hooks?.allowConversationAccess === true,
      };
    };

    /** @param {string} name @param {string} scope @param {(params: Record<string, unknown>) => unknown} work */
    const method = (name, scope, work) =>
      api.registerGatewayMethod(
        `clutch.guard.${name}`,
        async (
          /** @type {{ params: unknown, respond: (ok: boolean, payload: unknown, error: unknown) => void }} */ call,
        ) => {
          try {
            call.respond(true, (await work(object(call.params ?? {}))) ?? status(), undefined);
          } catch (error) {
            const isExpected = error instanceof GuardRefusal || error instanceof TypeError;
            const message = error instanceof Error ? error.message : String(error);
            call.respond(false, undefined, { code: isExpected ? "INVALID_REQUEST" : "UNAVAILABLE", message });
          }
        },
        { scope },
      );
    method("status", "operator.read", status);
    method("calls", "operator.read", (from) => calls.after(from));
    method("on", "operator.admin", ({ id, rules }) => {
      lock.on(text(id), checkRules(rules));
      health.forget();
    });
    method("off", "operator.admin", ({ id }) => lock.off(text(id)));
    method("rules", "operator.admin", ({ rules }) => lock.setRules(checkRules(rules)));
    method("keep", "operator.admin", ({ keys, why }) =>
      lock.keep(list(keys).map(text), why === "here" ? "here" : "unreleased"),
    );
    method("release", "operator.admin", ({ keys }) => lock.release(list(keys).map(text)));
    method("fetch", "operator.admin", ({ url }) => fetchFromHere(url));
    method("child", "operator.admin", ({ url }) => (url === undefined ? connectFromChild() : fetchFromChild(url)));
  },
};

/** @param {unknown} url */
const hostAndPort = (url) => (typeof url === "string" ? URL.parse(url)?.host : undefined);
