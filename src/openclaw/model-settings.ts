import { formatSlot, type SlotPath } from "./config-slots.ts";
import { type Hold, KNOWN_MODEL_SETTINGS } from "./known-model-settings.ts";
import type { ConfigSnapshot } from "./openclaw.ts";

/** A setting that somebody made, at its place. */
export interface ModelSetting {
  readonly pattern: string;
  /** Ends at the list where an entry of one has no id, because nothing less can be addressed. */
  readonly path: SlotPath;
  /** As OpenClaw's documentation writes it: `hooks.mappings[0].model`. */
  readonly setting: string;
  readonly how: Hold;
  /** For people: "Recaps and titles". */
  readonly name: string;
  /** Id of the tool that it is for, where it is for one. */
  readonly tool: string | undefined;
  /** Of an object that names no model: what it names otherwise, or `configured`. */
  readonly value: string | { readonly primary: string | undefined; readonly fallbacks: readonly string[] };
}

/**
 * The settings in OpenClaw's JSON schema that look as if they chose a model, a
 * provider or an address that text goes to, as patterns: `*` is any key of a map,
 * `[]` any entry of a list. Judged by their names, so that it also finds what a
 * later OpenClaw adds. Takes some 0.1 s for the 2.4 MB of 2026.9.6.
 */
export function modelSettingsIn(schema: unknown): string[] {
  const found = new Set(settingsBelow({ node: schema, root: schema, path: "", via: [] }));
  // What a map says of every key is not said again for the keys that it names.
  const isRepeated = (pattern: string): boolean =>
    pattern.split(".").some((_, at, steps) => steps[at] !== "*" && found.has(steps.with(at, "*").join(".")));
  return [...found].filter((pattern) => !isRepeated(pattern)).sort();
}

/** Those that the table of known settings does not cover. */
export const unknownModelSettings = (schema: unknown): string[] =>
  modelSettingsIn(schema).filter((pattern) => !KNOWN_MODEL_SETTINGS.has(pattern));

/** The known settings that are made in a configuration; empty strings too, because some of them mean something. */
export function readModelSettings({ authored }: Pick<ConfigSnapshot, "authored">): ModelSetting[] {
  return [...KNOWN_MODEL_SETTINGS].flatMap(([pattern, { name, how, tool }]) =>
    placesOf(authored, pattern.split(/\.|(?=\[\])/)).map(({ path, setting, value }) => ({
      ...{ pattern, path, setting, how, name, tool },
      value: described(value),
    })),
  );
}

type Json = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Json => (isObject(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Names of settings that choose who is asked. */
const CHOICE =
  /^(models?|fallbacks?|providers?|primary|agentRuntime)$|^model[A-Z]|[a-z](Models?|Provider|ModelPath|ModelOverride)$/;
/** Names of settings that say where something goes. */
const ADDRESS = /^(url|endpoint|proxy)$|[a-z](Url|Endpoint|Proxy)$/;
/** A chat's own address is where people talk, not an outlet. */
const CHAT = /^channels\./;
/** Settings whose names say it only together with where they stand. */
const ALSO = /(^|\.)(proxy\.enabled|systemAgent\.agentId|acp\.backend|\w+ModelOverride)$/;
/** Objects that mean something only as a whole. */
const WHOLE = /(^|\.)(agentRuntime|modelPolicy|request\.proxy)$/;

interface Place {
  readonly node: unknown;
  /** What a reference is counted from: a plugin's own schema brings its own `$defs`. */
  readonly root: unknown;
  readonly path: string;
  /** The references that led here, so that a schema that holds itself comes to an end. */
  readonly via: readonly unknown[];
}

function settingsBelow(place: Place): string[] {
  const { path, via } = place;
  const node = object(place.node);
  const root = isObject(node["$defs"]) || isObject(node["definitions"]) ? node : place.root;
  const at = (inner: unknown, below: string): string[] => settingsBelow({ node: inner, root, path: below, via });

  const reference = node["$ref"];
  if (typeof reference === "string") {
    const target = referred(root, reference);
    return via.includes(target) ? [] : settingsBelow({ node: target, root, path, via: [...via, target] });
  }
  if (isSecret(node)) return [];
  return [
    ...Object.entries(object(node["properties"])).flatMap(([key, inner]) =>
      settingsAt(key, { node: inner, root, path: path === "" ? key : `${path}.${key}`, via }),
    ),
    ...valuesOf(node).flatMap((inner) => at(inner, `${path}.*`)),
    ...[node["items"] ?? []].flat().flatMap((inner) => at(inner, `${path}[]`)),
    ...alternativesOf(node).flatMap((inner) => at(inner, path)),
  ];
}

function settingsAt(key: string, place: Place): string[] {
  const { path } = place;
  const reference = object(place.node)["$ref"];
  const node = typeof reference === "string" ? referred(place.root, reference) : place.node;
  if (ALSO.test(path) || WHOLE.test(path) || isSelector(node)) return [path];
  const inner = settingsBelow(place);
  if (inner.length > 0 || isSecret(node)) return inner;
  const types = typesOf(node);
  if (CHOICE.test(key))
    return types.every((type) => NO_NAME.includes(type)) && types.length > 0 ? [] : [leafOf(node, path)];
  return ADDRESS.test(key) && !CHAT.test(path) && types.includes("string") ? [path] : [];
}

const referred = (root: unknown, reference: string): unknown =>
  reference
    .replace(/^#\/?/, "")
    .split("/")
    .filter((step) => step !== "")
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((node, step) => object(node)[step], root);

const alternativesOf = (node: unknown): unknown[] =>
  ["anyOf", "oneOf", "allOf", "if", "then", "else"].flatMap((word) => [object(node)[word] ?? []].flat());

/** What a map may hold under any key. */
const valuesOf = (node: unknown): unknown[] =>
  [object(node)["additionalProperties"], ...Object.values(object(object(node)["patternProperties"]))].filter(isObject);

/** `{ primary, fallbacks }`, with or without other forms. */
const isSelector = (node: unknown): boolean =>
  isObject(object(object(node)["properties"])["primary"]) || alternativesOf(node).some(isSelector);

/** A reference to a secret, whose `provider` keeps secrets and not models. */
function isSecret(node: unknown): boolean {
  const properties = object(object(node)["properties"]);
  if (["source", "provider", "id"].every((key) => isObject(properties[key]))) return true;
  return alternativesOf(node).some(isSecret);
}

const typesOf = (node: unknown): unknown[] => [
  ...[object(node)["type"] ?? []].flat(),
  ...alternativesOf(node).flatMap(typesOf),
];
/** Types that can name nothing. */
const NO_NAME: readonly unknown[] = ["boolean", "number", "integer", "null"];

/** Of a map, what it holds, as far as the schema says what that is. */
function leafOf(node: unknown, path: string): string {
  const [inner] = valuesOf(node);
  const isMap = inner !== undefined && !isObject(object(node)["properties"]) && typesOf(inner).length > 0;
  return isMap ? leafOf(inner, `${path}.*`) : path;
}

interface Found {
  readonly path: SlotPath;
  readonly setting: string;
  readonly value: unknown;
}

function placesOf(value: unknown, steps: readonly string[], path: SlotPath = [], beyond = ""): Found[] {
  const [step, ...rest] = steps;
  if (step === undefined) {
    return value === undefined || value === null ? [] : [{ path, setting: `${formatSlot(path)}${beyond}`, value }];
  }
  if (step === "[]") {
    return list(value).flatMap((entry, index) => {
      const { id } = object(entry);
      const hasId = typeof id === "string" && id !== "" && beyond === "";
      return placesOf(entry, rest, hasId ? [...path, { id }] : path, hasId ? "" : `${beyond}[${index}]`);
    });
  }
  const keys = step === "*" ? Object.keys(object(value)) : Object.hasOwn(object(value), step) ? [step] : [];
  return keys.flatMap((key) =>
    beyond === ""
      ? placesOf(object(value)[key], rest, [...path, key])
      : placesOf(object(value)[key], rest, path, `${beyond}.${key}`),
  );
}

function described(value: unknown): ModelSetting["value"] {
  if (Array.isArray(value)) return value.every((item) => typeof item === "string") ? value.join(", ") : "configured";
  if (!isObject(value)) return String(value);
  const { primary, fallbacks, id, url, mode } = value;
  if ("primary" in value || "fallbacks" in value) {
    const isText = (item: unknown): item is string => typeof item === "string";
    return { primary: isText(primary) ? primary : undefined, fallbacks: list(fallbacks).filter(isText) };
  }
  const named = [id, url, mode].find((part) => typeof part === "string");
  return typeof named === "string" ? named : "configured";
}
