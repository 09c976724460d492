import type { AddressLocality } from "./address.ts";

/** Whether what is said to a model stays on this network, and how that is known. */
export interface Locality {
  readonly kind: "local" | "cloud" | "unknown";
  /** One plain sentence, without a full stop. */
  readonly evidence: string;
}

/** What a model server speaks: a key of `DRIVERS` in `src/servers/drivers.ts`. */
export type ServerKind = string;

/** What the server at the model's address says of the model; the remote fields are set where it passes it on. */
export interface Listing {
  readonly found: boolean;
  readonly remoteHost?: string;
  readonly remoteModel?: string;
}

export interface LocalityFacts {
  /** OpenClaw's provider id. It proves nothing: it is only looked up in `trustedLocal`. */
  readonly provider: string;
  readonly model: string;
  readonly kind: ServerKind;
  /** Of the effective base URL (`effectiveBaseUrl`); undefined where none is known. */
  readonly address: AddressLocality | undefined;
  /** From the server at that very address: what another server says proves nothing. */
  readonly listing: Listing | "unavailable" | "not-asked";
  /** Providers that the configuration calls local although nothing proves it. */
  readonly trustedLocal: readonly string[];
}

/**
 * Decides whether a model is local. What shows that it is remote comes first and
 * nothing overrides it: a public address, a cloud tag, a remote host or model in
 * the listing. After that, Ollama at a private address is local once its own
 * listing has shown the model to be clean; any other provider only by
 * `trustedLocal`, even on loopback, because a relay to a cloud model listens there
 * too. For Ollama `trustedLocal` stands in for the private address only, never for
 * the listing, because a trusted server can still hold an alias of a cloud model.
 */
export function decideLocality(facts: LocalityFacts): Locality {
  const remote = evidenceOfRemote(facts);
  if (remote !== undefined) return { kind: "cloud", evidence: remote };

  const trusted = facts.trustedLocal.some((id) => id.toLowerCase() === facts.provider.toLowerCase());
  if (facts.kind === "ollama") return decideOllama(facts, trusted);
  if (trusted) return { kind: "local", evidence: `The configuration names ${facts.provider} in trustedLocal` };
  if (facts.kind === "anthropic") {
    return { kind: "cloud", evidence: `${facts.provider} speaks Anthropic's API and is not named in trustedLocal` };
  }
  if (!isNear(facts.address)) return { kind: "unknown", evidence: withoutAddress(facts) };
  return {
    kind: "unknown",
    evidence: `${facts.provider} answers at ${facts.address.host}, where a relay to a cloud model could answer too, and is not named in trustedLocal`,
  };
}

/** The one place that says it: what is not known to be local is treated as cloud. */
export const countsAsCloud = (locality: Locality): boolean => locality.kind !== "local";

function evidenceOfRemote({ address, model, listing }: LocalityFacts): string | undefined {
  if (address?.kind === "public") return address.evidence;
  if (hasCloudTag(model)) return "Its tag marks it as an Ollama cloud model";
  if (typeof listing === "string") return undefined;
  if (hasText(listing.remoteHost)) return `Its server passes it on to ${presentable(listing.remoteHost)}`;
  if (hasText(listing.remoteModel)) return "Its server passes it on to a remote model";
  return undefined;
}

function decideOllama(facts: LocalityFacts, trusted: boolean): Locality {
  const { address, listing } = facts;
  if (!isNear(address) && !trusted) return { kind: "unknown", evidence: withoutAddress(facts) };
  const server = address === undefined || address.host === "" ? "Ollama" : `Ollama at ${address.host}`;
  if (listing === "not-asked") {
    return { kind: "unknown", evidence: `${server} was not asked whether it runs it by itself` };
  }
  if (listing === "unavailable") {
    return { kind: "unknown", evidence: `${server} could not be asked whether it runs it by itself` };
  }
  if (!listing.found) return { kind: "unknown", evidence: `${server} does not list it` };
  return { kind: "local", evidence: `${server} lists it and names no remote host` };
}

/** Ollama runs a model elsewhere when a part of its tag is `cloud` or ends in `-cloud`, wherever that part stands. */
const hasCloudTag = (model: string): boolean =>
  model
    .trim()
    .toLowerCase()
    .split(":")
    .slice(1)
    .some((part) => part === "cloud" || part.endsWith("-cloud"));

const isNear = (address: AddressLocality | undefined): address is AddressLocality =>
  address?.kind === "loopback" || address?.kind === "private";

const withoutAddress = ({ address, provider }: LocalityFacts): string =>
  address?.evidence ?? `No address of ${provider} is known`;

const hasText = (value: string | undefined): value is string => value !== undefined && value.trim() !== "";

/** What a server calls its remote host may be anything; only what looks like a host is repeated. */
const presentable = (host: string): string => (/^[\w.:/-]{1,100}$/.test(host) ? host : "another host");
