import ipaddr from "ipaddr.js";
import { ClutchError } from "../errors.ts";
import { classifyHost } from "../models/address.ts";

/** What passes a closed wall. */
export interface WallRules {
  /** `host` or `host:port`; everything below a host passes with it, except that a name without a dot stands for itself. */
  readonly allow: readonly string[];
  /** Model servers of this network, `host:port`. They pass while every address they lead to is private or this machine's. */
  readonly local: readonly string[];
}

export interface Target {
  /** As `canonicalHost` gives it. */
  readonly host: string;
  readonly port: number;
}

/** Why something passed or did not. */
export type Reason = "open" | "allowed" | "local" | "not-named" | "not-private";

export interface Verdict {
  readonly pass: boolean;
  readonly reason: Reason;
}

/** Judges where a connection goes while the wall is closed. Without addresses, before DNS has answered, a pass is not final. */
export type Judge = (target: Target, addresses?: readonly string[]) => Verdict;

/**
 * Whatever is not named is denied, so its name is never asked for: a DNS query can
 * carry text out as well. Throws `bad_option` for a rule that cannot be read.
 */
export function createJudge({ allow, local }: WallRules): Judge {
  const allowed = allow.map((text) => parseRule(text));
  const servers = local.map((text) => parseLocal(text));
  return (target, addresses = []) => {
    if (!isHost(target.host)) return { pass: false, reason: "not-named" };
    if (allowed.some((rule) => covers(rule, target))) return { pass: true, reason: "allowed" };
    if (!servers.some((rule) => rule.port === target.port && isSameHost(rule.host, target.host))) {
      return { pass: false, reason: "not-named" };
    }
    const isNear = addresses.every(isNearAddress);
    return { pass: isNear, reason: isNear ? "local" : "not-private" };
  };
}

/**
 * One spelling for each host: lower case, without brackets and the dot at the end,
 * names in ASCII, and addresses as numbers whatever way they were written (octal,
 * hex, short, one number, IPv4 inside IPv6).
 */
export function canonicalHost(host: string): string {
  const bare = host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
  if (bare.includes(":")) return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : bare;
  if (/[\s/\\?#@]/.test(bare)) return bare;
  return URL.parse(`http://${bare}/`)?.hostname ?? bare;
}

/** `host:port` of a model server's base URL, as `local` takes it. */
export function localRuleOf(baseUrl: string): string | undefined {
  const url = URL.parse(baseUrl);
  if (url === null || url.hostname === "") return undefined;
  const port = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  return `${url.hostname}:${port}`;
}

interface Rule {
  readonly host: string;
  readonly port: number | undefined;
}

function parseRule(text: string): Rule {
  const [, bracketed, plain, port] = /^(?:(\[[^\]]+\])|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text.trim()) ?? [];
  // An IPv6 address without a port needs no brackets.
  const host = canonicalHost(bracketed ?? plain ?? (ipaddr.isValid(text.trim()) ? text.trim() : ""));
  const isAddress = bracketed === undefined || ipaddr.isValid(host);
  if (!isHost(host) || !isAddress) throw unreadable(text);
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535)) throw unreadable(text);
  return { host, port: port === undefined ? undefined : Number(port) };
}

function parseLocal(text: string): Rule {
  const rule = parseRule(text);
  if (rule.port === undefined) {
    throw new ClutchError("bad_option", `The local server “${text}” has no port.`, {
      hint: "Write it as host:port, such as 127.0.0.1:11434: another program on that host may pass text on.",
    });
  }
  return rule;
}

/** Whatever else a client sends as a host could end in a named one and lead elsewhere. */
const isHost = (host: string): boolean =>
  ipaddr.isValid(host) || /^[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/.test(host);

const unreadable = (text: string): ClutchError =>
  new ClutchError("bad_option", `“${text.slice(0, 80)}” is no host that the wall could know.`, {
    hint: "Write host or host:port, such as discord.com or 127.0.0.1:11434.",
  });

function covers(rule: Rule, target: Target): boolean {
  if (rule.port !== undefined && rule.port !== target.port) return false;
  if (isSameHost(rule.host, target.host)) return true;
  return rule.host.includes(".") && !ipaddr.isValid(rule.host) && target.host.endsWith(`.${rule.host}`);
}

const THIS_MACHINE: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);
const isSameHost = (a: string, b: string): boolean => a === b || (THIS_MACHINE.has(a) && THIS_MACHINE.has(b));

const isNearAddress = (address: string): boolean => {
  const kind = classifyHost(address);
  return kind === "loopback" || kind === "private";
};
