/** A model by its full name. Inside the core a model is never named otherwise. */
export interface ModelRef {
  readonly provider: string;
  readonly model: string;
}

/**
 * Reads `provider/model`, split at the first `/`, so that a model id may hold
 * slashes itself (`openrouter/meta/llama`). Undefined where either half is
 * missing or holds white space or control characters.
 */
export function parseModelRef(text: string): ModelRef | undefined {
  const slash = text.indexOf("/");
  if (slash <= 0 || slash === text.length - 1) return undefined;
  if (/[\s\p{Cc}]/u.test(text)) return undefined;
  return { provider: text.slice(0, slash), model: text.slice(slash + 1) };
}

export const formatModelRef = (ref: ModelRef): string => `${ref.provider}/${ref.model}`;

export const sameModel = (a: ModelRef | undefined, b: ModelRef | undefined): boolean =>
  a !== undefined && b !== undefined && a.provider === b.provider && a.model === b.model;
