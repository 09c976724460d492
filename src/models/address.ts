import ipaddr from "ipaddr.js";

/** Where an address leads, judged by the address alone; `name` must be resolved first. */
export type HostClass = "loopback" | "private" | "public" | "name";

/** Where a base URL leads. `unknown` is neither proof of this network nor of the internet. */
export interface AddressLocality {
  readonly kind: "loopback" | "private" | "public" | "unknown";
  /** The host as people write it, without port and credentials; empty where there is none. */
  readonly host: string;
  /** One plain sentence, without a full stop. */
  readonly evidence: string;
}

/** All addresses of a name, as the system's own resolver gives them. It brings its own deadline. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/**
 * RFC 1918, RFC 6598 (carrier NAT, which Tailscale uses), RFC 4193 and link-local:
 * `.local` names usually have a link-local address beside the private one.
 */
const PRIVATE_RANGES: ReadonlySet<string> = new Set(["private", "carrierGradeNat", "uniqueLocal", "linkLocal"]);

/** Suffixes that a home or office network, Tailscale or the machine itself answers for. */
const LOCAL_SUFFIXES = [".local", ".lan", ".home.arpa", ".internal", ".ts.net", ".localhost"];

/**
 * Classifies a host as it stands in a URL or in a DNS answer: any spelling of an
 * IPv4 address that `fetch` understands (decimal, octal, hex, short, full-width),
 * IPv6 with or without brackets or zone. Every range that is not this machine's or
 * private counts as public, reserved and tunnelled ones too. `0.0.0.0` and `::`
 * reach this machine. `name` covers whatever is no address, `*.localhost`
 * included, since some resolvers ask the internet for it.
 */
export function classifyHost(host: string): HostClass {
  const bare = bareHost(host);
  if (bare === "localhost") return "loopback";
  const address = literalAddress(bare);
  return address === undefined ? "name" : classifyAddress(address);
}

/**
 * Judges where a base URL leads. Only names of which a local network is in charge
 * (single-label, `.local`, `.lan`, `.home.arpa`, `.internal`, `.ts.net`,
 * `.localhost`) can be local, and only while every address they resolve to is
 * private or this machine's; one that does not resolve is unknown. Any other name is
 * public, resolved or not, except that it is unknown where it resolves to private
 * addresses alone: whoever owns the name can point it elsewhere at any time. The
 * judgement holds for the moment: ask again before
 * relying on it. Never throws; the evidence repeats no credentials.
 */
export async function addressLocality(url: string, resolve: Resolve): Promise<AddressLocality> {
  const parsed = URL.parse(url);
  if (parsed === null) return { kind: "unknown", host: "", evidence: "Its base URL cannot be read" };
  if (parsed.protocol !== "http:" && parsed.protocol !== "https:") {
    return { kind: "unknown", host: "", evidence: "Its base URL is not an http address" };
  }
  const host = bareHost(parsed.hostname);
  const kind = classifyHost(host);
  if (kind !== "name") return { kind, host, evidence: `${host} is ${DESCRIPTION[kind]}` };

  // Resolved as written: with its trailing dot a name skips the search domains, as it will for `fetch`.
  const addresses = await answersOf(resolve, parsed.hostname);
  const isLocalName = !host.includes(".") || LOCAL_SUFFIXES.some((suffix) => host.endsWith(suffix));
  const outside = addresses.find((address) => classifyHost(address) === "public" || classifyHost(address) === "name");
  if (outside !== undefined) {
    return { kind: "public", host, evidence: `${host} leads to ${outside}, which is not a private address` };
  }
  const first = addresses[0];
  if (!isLocalName) {
    if (first === undefined) return { kind: "public", host, evidence: `${host} is a public name` };
    const evidence = `${host} leads to ${first} now, but a public name can be pointed elsewhere at any time`;
    return { kind: "unknown", host, evidence };
  }
  if (first === undefined) return { kind: "unknown", host, evidence: `${host} cannot be resolved` };
  const onThisMachine = addresses.every((address) => classifyHost(address) === "loopback");
  return {
    kind: onThisMachine ? "loopback" : "private",
    host,
    evidence: `${host} leads to ${onThisMachine ? "this machine" : "private addresses"} only`,
  };
}

/** The base URL that a model is really reached at: its own, else its provider's, else the default of the provider's kind. */
export const effectiveBaseUrl = (
  ofModel: string | undefined,
  ofProvider: string | undefined,
  byDefault?: string,
): string | undefined => [ofModel, ofProvider, byDefault].find((url) => url !== undefined && url.trim() !== "");

const DESCRIPTION: Readonly<Record<Exclude<HostClass, "name">, string>> = {
  loopback: "this machine",
  private: "a private address",
  public: "a public address",
};

const bareHost = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");

async function answersOf(resolve: Resolve, host: string): Promise<readonly string[]> {
  try {
    return await resolve(host);
  } catch {
    return [];
  }
}

/** The URL parser's own reading of an address, so that no spelling means one thing here and another to `fetch`. */
function literalAddress(host: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  if (/[\s/\\?#@]/.test(host)) return undefined;
  const isIPv6 = host.includes(":");
  const text = isIPv6 ? `[${host.replace(/%.*$/, "")}]` : host;
  const normal = URL.parse(`http://${text}/`)?.hostname.replace(/^\[(.*)\]$/, "$1");
  if (normal === undefined) return undefined;
  if (isIPv6) return ipaddr.process(normal);
  return ipaddr.IPv4.isValidFourPartDecimal(normal) ? ipaddr.IPv4.parse(normal) : undefined;
}

function classifyAddress(address: ipaddr.IPv4 | ipaddr.IPv6): Exclude<HostClass, "name"> {
  const range = address.range();
  if (range === "loopback") return "loopback";
  if (range === "unspecified") return address.toByteArray().every((byte) => byte === 0) ? "loopback" : "public";
  return PRIVATE_RANGES.has(range) ? "private" : "public";
}
