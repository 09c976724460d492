import { at } from "./rules.js";

/** @import { LocalModel } from "./types.js" */

/**
 * The headers with which OpenClaw lets itself be known to a model's server, as far as
 * its configuration has them as texts: those of the provider and of the model, and
 * the key. A server that asks for them would tell the guard nothing otherwise. They
 * are read for each question and kept nowhere.
 * @param {unknown} config What OpenClaw has in force now.
 * @param {Pick<LocalModel, "provider" | "model">} of
 */
export function serverHeaders(config, { provider, model }) {
  const entry = at(config, "models", "providers", provider);
  const models = at(entry, "models");
  const own = Array.isArray(models) ? models.find((candidate) => at(candidate, "id") === model) : undefined;
  const headers = new Headers();
  /** What no header can carry, OpenClaw cannot send either. @param {string} name @param {unknown} value */
  const set = (name, value) => {
    if (typeof value !== "string") return;
    try {
      headers.set(name, value);
    } catch {}
  };
  for (const given of [at(entry, "headers"), at(entry, "request", "headers"), at(own, "headers")]) {
    for (const [name, value] of Object.entries(given ?? {})) set(name, value);
  }
  const key = at(entry, "apiKey");
  if (typeof key === "string" && !headers.has("authorization")) set("authorization", `Bearer ${key}`);
  const auth = at(entry, "request", "auth");
  if (at(auth, "mode") === "authorization-bearer") set("authorization", `Bearer ${at(auth, "token")}`);
  if (at(auth, "mode") === "header")
    set(String(at(auth, "headerName")), `${at(auth, "prefix") ?? ""}${at(auth, "value")}`);
  return headers;
}
