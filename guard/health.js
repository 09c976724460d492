/** @import { Health, LocalModel } from "./types.js" */

/** A server that takes longer than this to say what it has is taken for down, ms. */
const PATIENCE_MS = 700;
/** How long an answer is believed, ms. */
const MEMORY_MS = 1_500;
/** How long a model stays out after a call to it failed, ms. */
const OUT_MS = 30_000;
/** The same where there is no other one, ms: long enough that OpenClaw's own retry of the call is stopped. */
const LAST_OUT_MS = 5_000;

/** What an Ollama lists: true for a model that it passes on to another host, otherwise its digest. @typedef {Map<string, string | true>} Listing */

/**
 * @typedef {object} HealthMemory
 * @property {Map<string, { at: number, answer: Promise<Listing | Health> }>} servers
 * @property {Map<string, { until: number, why: string }>} out
 */

/**
 * Knows which local models would answer now. A server is asked at most every
 * 1.5 s; a model whose call failed stays out for 30 s.
 * @param {{ fetch: typeof globalThis.fetch, clock: () => number, headersOf?: (model: LocalModel) => Headers, memory?: HealthMemory }} parts `clock` gives epoch ms; `headersOf` what an Ollama behind a door wants to see.
 */
export function createHealth({
  fetch,
  clock,
  headersOf = () => new Headers(),
  memory = { servers: new Map(), out: new Map() },
}) {
  const { servers, out } = memory;

  /** @param {LocalModel} model */
  const ask = (model) => {
    const { provider, baseUrl, ollama } = model;
    // Two providers may come to one server with different keys.
    const key = `${provider} ${baseUrl}`;
    const known = servers.get(key);
    // One that lies ahead is from before the clock was set back.
    if (known !== undefined && Math.abs(clock() - known.at) < MEMORY_MS) return known.answer;
    const answer = ollama ? tagsOf(baseUrl, headersOf(model), fetch) : listens(baseUrl, fetch);
    servers.set(key, { at: clock(), answer });
    return answer;
  };

  /** A description is asked for once for each build of a model. @param {LocalModel} of @param {string} digest */
  const described = (of, digest) => {
    const { provider, baseUrl, model } = of;
    const key = `${provider} ${baseUrl} ${model} ${digest}`;
    const known = servers.get(key);
    if (known !== undefined) return known.answer;
    const answer = description(baseUrl, model, headersOf(of), fetch).then((found) => {
      if (found === undefined) servers.delete(key);
      return found ?? { ok: false, why: "its server does not describe it" };
    });
    servers.set(key, { at: clock(), answer });
    return answer;
  };

  return {
    /** @param {LocalModel} model @param {boolean} [isLast] Whether no other one would answer. @returns {Promise<Health>} */
    async of(model, isLast = false) {
      const broken = out.get(keyOf(model));
      const left = broken === undefined ? 0 : broken.until - clock();
      const isOut = left <= OUT_MS && left > (isLast ? OUT_MS - LAST_OUT_MS : 0);
      if (broken !== undefined && isOut) return { ok: false, why: broken.why };
      const answer = await ask(model);
      if (!(answer instanceof Map)) return answer;
      const listed = answer.get(tagged(model.model));
      if (listed === undefined) return { ok: false, why: "not downloaded" };
      if (listed === true) return ELSEWHERE;
      return /** @type {Promise<Health>} */ (described(model, listed));
    },
    /** @param {{ provider: string, model: string }} model @param {string} why */
    failed(model, why) {
      out.set(keyOf(model), { until: clock() + OUT_MS, why });
    },
    /** @param {{ provider: string, model: string }} model */
    worked(model) {
      out.delete(keyOf(model));
    },
    /** After the lock changed, nothing old counts. */
    forget() {
      servers.clear();
      out.clear();
    },
  };
}

/** @param {{ provider: string, model: string }} model */
const keyOf = ({ provider, model }) => `${provider}/${model}`;

/** Ollama adds the tag that a name does not have. @param {string} name */
const tagged = (name) => (name.includes(":") ? name : `${name}:latest`);

/** @type {Health} */
const ELSEWHERE = { ok: false, why: "not on this network" };

/** @param {string} baseUrl */
const rootOf = (baseUrl) => baseUrl.replace(/\/(v1|api)?\/*$/, "");

/** An alias of a model elsewhere may say so here and not in the list. @param {string} baseUrl @param {string} model @param {Headers} headers @param {typeof globalThis.fetch} fetch @returns {Promise<Health | undefined>} */
async function description(baseUrl, model, headers, fetch) {
  headers.set("content-type", "application/json");
  try {
    const response = await fetch(`${rootOf(baseUrl)}/api/show`, {
      method: "POST",
      headers,
      body: JSON.stringify({ model }),
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "error",
    });
    if (!response.ok) return undefined;
    const said = /** @type {{ remote_host?: unknown, remote_model?: unknown }} */ (await response.json());
    return said.remote_host || said.remote_model ? ELSEWHERE : { ok: true };
  } catch {
    return undefined;
  }
}

/**
 * The models of an Ollama.
 * @param {string} baseUrl
 * @param {Headers} headers
 * @param {typeof globalThis.fetch} fetch
 * @returns {Promise<Listing | Health>}
 */
async function tagsOf(baseUrl, headers, fetch) {
  const root = rootOf(baseUrl);
  try {
    const response = await fetch(`${root}/api/tags`, {
      headers,
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "error",
    });
    if (!response.ok) return refusal(response.status);
    const { models } = /** @type {{ models?: unknown }} */ (await response.json());
    if (!Array.isArray(models)) return { ok: false, why: "its server is no Ollama" };
    return new Map(
      models.map((entry) => [
        tagged(String(entry?.model ?? entry?.name ?? "")),
        Boolean(entry?.remote_host) ||
          Boolean(entry?.remote_model) ||
          [entry?.model, entry?.name].some((name) => /[:-]cloud$/.test(String(name ?? ""))) ||
          String(entry?.digest ?? ""),
      ]),
    );
  } catch (error) {
    return down(error);
  }
}

/** Any answer will do: what a server of another kind says is not known. @param {string} baseUrl @param {typeof globalThis.fetch} fetch @returns {Promise<Health>} */
async function listens(baseUrl, fetch) {
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, "")}/models`, {
      signal: AbortSignal.timeout(PATIENCE_MS),
      redirect: "manual",
    });
    await response.body?.cancel();
    return response.status >= 500 ? refusal(response.status) : { ok: true };
  } catch (error) {
    return down(error);
  }
}

/** The wall answers 590 and more where it reaches nobody. @param {number} status @returns {Health} */
const refusal = (status) => ({
  ok: false,
  why: status >= 590 ? "its server is down" : `its server answers ${status}`,
});

/** @param {unknown} error @returns {Health} */
const down = (error) => ({
  ok: false,
  why: error instanceof Error && error.name === "TimeoutError" ? "its server does not answer" : "its server is down",
});
