import { distance } from "fastest-levenshtein";
import fuzzysort from "fuzzysort";
import { formatModelRef } from "../models/model-ref.ts";
import type { ModelProfile } from "./model-profile.ts";

export type ModelSearch =
  | { readonly kind: "found"; readonly profile: ModelProfile }
  | { readonly kind: "ambiguous"; readonly matches: readonly ModelProfile[] }
  | { readonly kind: "unknown"; readonly suggestions: readonly ModelProfile[] };

const MAX_SUGGESTIONS = 5;

/**
 * Which model a typed name means. The first rule that matches anything decides:
 * the full ref, an alias, the id without its provider, the end of the ref, then
 * a whole word of it (`qwen` for `ollama/qwen2.5-coder:32b`). Where a rule
 * matches several models the name is ambiguous, never guessed at.
 */
export function findModel(typed: string, models: readonly ModelProfile[]): ModelSearch {
  const name = typed.trim().toLowerCase();
  const refOf = (profile: ModelProfile): string => formatModelRef(profile.ref).toLowerCase();
  const idOf = (profile: ModelProfile): string => profile.ref.model.toLowerCase();
  const rules: readonly ((profile: ModelProfile) => boolean)[] = [
    (profile) => refOf(profile) === name,
    (profile) => profile.aliases.some((alias) => alias.toLowerCase() === name),
    (profile) => idOf(profile) === name || idOf(profile) === `${name}:latest`,
    (profile) => name.length >= 2 && refOf(profile).endsWith(name) && atWordStart(refOf(profile), name),
    (profile) => name.length >= 2 && wordStarts(refOf(profile)).some((rest) => rest.startsWith(name)),
  ];
  for (const rule of name === "" ? [] : rules) {
    const matches = models.filter(rule);
    if (matches.length > 1) return { kind: "ambiguous", matches };
    if (matches[0] !== undefined) return { kind: "found", profile: matches[0] };
  }
  return { kind: "unknown", suggestions: rankModels(name, models).slice(0, MAX_SUGGESTIONS) };
}

/** Models that resemble what is typed, best first; all of them, in their own order, where nothing is typed. */
export function rankModels(typed: string, models: readonly ModelProfile[]): readonly ModelProfile[] {
  if (typed.trim() === "") return models;
  const texts = models.map((profile) => ({
    profile,
    text: [formatModelRef(profile.ref), profile.name, ...profile.aliases].join(" "),
  }));
  const direct = fuzzysort.go(typed, texts, { key: "text", limit: 25 }).map(({ obj }) => obj.profile);
  if (direct.length > 0) return direct;
  // A mistyped letter defeats subsequence search: compare with the words of the name instead.
  const name = typed.toLowerCase();
  const allowed = Math.max(2, Math.floor(name.length / 3));
  return texts
    .map(({ profile, text }) => ({ profile, slips: slips(name, text.toLowerCase()) }))
    .filter(({ slips: count }) => count <= allowed)
    .sort((a, b) => a.slips - b.slips)
    .map(({ profile }) => profile);
}

const WORD_BREAK = /[/:._\s-]/;

function wordStarts(text: string): string[] {
  const starts = [text];
  for (let index = 1; index < text.length; index++) {
    if (WORD_BREAK.test(text[index - 1] ?? "")) starts.push(text.slice(index));
  }
  return starts;
}

const atWordStart = (text: string, end: string): boolean => {
  const before = text[text.length - end.length - 1];
  return before === undefined || WORD_BREAK.test(before) || WORD_BREAK.test(end[0] ?? "");
};

/** Letters to correct until the typed name begins some part of the text. */
const slips = (name: string, text: string): number =>
  Math.min(...wordStarts(text).map((rest) => distance(name, rest.slice(0, name.length))));
