import { z } from "zod";

/**
 * The part of OpenClaw's configuration that decides which agent and which
 * session a message goes to, reduced to canonical ids. Read as forgivingly as
 * the gateway reads it: what is malformed is left out, nothing throws.
 */
export interface RoutingConfig {
  /** In the order of the configuration; `type: "acp"` entries, which follow other rules, are left out. */
  readonly bindings: readonly Binding[];
  /** The roster. Empty where none is configured: OpenClaw then has the one agent `main`. */
  readonly agents: readonly string[];
  /** Gets what no binding claims; undefined where OpenClaw refuses to choose among several agents. */
  readonly owner: string | undefined;
  readonly dmScope: DmScope;
  readonly groupScope: GroupScope;
  readonly mainKey: string;
  /** Canonical person -> `platform:id` or bare ids of the same person. */
  readonly identityLinks: readonly (readonly [name: string, ids: readonly string[]])[];
  /** Platform -> account meant where none is named; `default` where the platform is missing. */
  readonly defaultAccounts: ReadonlyMap<string, string>;
}

export type DmScope = "main" | "per-peer" | "per-channel-peer" | "per-account-channel-peer";
export type GroupScope = "main" | "per-group";

export interface Binding {
  /** Undefined where the configuration names an agent that is not on the roster: OpenClaw then refuses the message. */
  readonly agentId: string | undefined;
  readonly platform: string;
  /** `*` for every account. */
  readonly account: string;
  /** An id of `*` means every peer of the kind. */
  readonly peer: { readonly direct: boolean; readonly id: string } | undefined;
  readonly guild: string | undefined;
  readonly team: string | undefined;
  readonly roles: readonly string[] | undefined;
  readonly dmScope: DmScope | undefined;
  readonly groupScope: GroupScope | undefined;
}

const MAIN = "main";
export const DEFAULT_ACCOUNT = "default";

/** Agent and account ids as OpenClaw writes them: lower case, `a-z0-9_-`, at most 64 characters. */
export function canonicalId(text: string, fallback: string): string {
  const id = text.trim().toLowerCase();
  if (/^[a-z0-9][a-z0-9_-]{0,63}$/.test(id)) return id;
  const cleaned = id
    .replace(/[^a-z0-9_-]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 64);
  return cleaned || fallback;
}

/** The same for an account; what could reach an object's prototype means the default account. */
export function canonicalAccount(text: string): string {
  const id = canonicalId(text, DEFAULT_ACCOUNT);
  return PROTOTYPE_KEYS.has(id) ? DEFAULT_ACCOUNT : id;
}

const PROTOTYPE_KEYS: ReadonlySet<string> = new Set(["__proto__", "prototype", "constructor"]);

const optional = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);
const dictionary = <T extends z.ZodType>(schema: T) => z.record(z.string(), schema).catch({});
const id = z.union([z.string(), z.number()]).transform((value) => String(value).trim());
const constraint = optional(id.transform((value) => value || undefined));
const text = optional(z.string());

const scopes = {
  dmScope: optional(z.enum(["main", "per-peer", "per-channel-peer", "per-account-channel-peer"])),
  groupScope: optional(z.enum(["main", "per-group"])),
};

const peer = z.object({
  kind: z
    .string()
    .trim()
    .toLowerCase()
    .pipe(z.enum(["direct", "dm", "group", "channel"])),
  id: id.pipe(z.string().min(1)),
});

const bindingSchema = z.object({
  type: z.unknown().optional(),
  agentId: text,
  match: z.object({
    channel: z.string().trim().toLowerCase().min(1),
    accountId: z.string().nullish(),
    peer: peer.nullish(),
    guildId: constraint,
    teamId: constraint,
    roles: optional(z.array(z.unknown()).min(1)),
  }),
  session: optional(z.object(scopes)),
});

const agentEntry = z.object({ default: z.unknown().optional() });
const configSchema = z.object({
  bindings: z.array(z.unknown()).catch([]),
  session: z
    .object({ ...scopes, mainKey: text, identityLinks: dictionary(z.array(z.unknown()).catch([])) })
    .catch({ identityLinks: {} }),
  agents: z
    .object({
      ownership: z.unknown().optional(),
      entries: optional(z.record(z.string(), z.unknown())),
      list: optional(z.array(z.unknown())),
      defaults: optional(z.object({ systemAgent: optional(z.object({ agentId: text })) })),
    })
    .catch({ ownership: undefined }),
  channels: dictionary(z.unknown()),
});

const channelSchema = z.looseObject({ defaultAccount: text, accounts: dictionary(z.unknown()) });

type Agents = z.infer<typeof configSchema>["agents"];

/** Reads the routing part of `openclaw.json`, as `config.get` returns it. */
export function routingConfigOf(config: unknown): RoutingConfig {
  const { bindings, session, agents, channels } = configSchema.parse(isObject(config) ? config : {});
  const roster = rosterOf(agents);
  const ids = [...new Set(roster.map((agent) => agent.id))];
  const owner = ownerOf(agents, roster, ids);
  return {
    bindings: bindings.flatMap((raw) => bindingOf(raw, ids, owner)),
    agents: ids,
    owner,
    dmScope: session.dmScope ?? MAIN,
    groupScope: session.groupScope ?? "per-group",
    mainKey: session.mainKey?.trim().toLowerCase() || MAIN,
    identityLinks: Object.entries(session.identityLinks).map(([name, linked]) => [
      name.trim(),
      linked.filter(isString),
    ]),
    defaultAccounts: new Map(
      Object.entries(channels).map(([platform, raw]) => [platform.toLowerCase(), defaultAccountOf(raw)]),
    ),
  };
}

interface RosterEntry {
  readonly id: string;
  readonly markedDefault: boolean;
}

/** `agents.entries`, or the list that older configurations have. */
function rosterOf(agents: Agents): readonly RosterEntry[] {
  const named = agents.entries
    ? Object.entries(agents.entries)
    : (agents.list ?? []).map((entry) => [isObject(entry) ? entry["id"] : undefined, entry]);
  return named.flatMap(([name, entry]) => {
    const parsed = agentEntry.safeParse(entry);
    if (!parsed.success || typeof name !== "string" || name.trim() === "") return [];
    return [{ id: canonicalId(name, MAIN), markedDefault: parsed.data.default === true }];
  });
}

/** With explicit ownership only the recorded system agent owns the rest; before that, a single `default` marker did. */
function ownerOf(agents: Agents, roster: readonly RosterEntry[], ids: readonly string[]): string | undefined {
  const sole = roster.length === 1 ? roster[0]?.id : undefined;
  if (agents.ownership === "explicit") {
    const recorded = agents.defaults?.systemAgent?.agentId?.trim();
    const owner = recorded ? canonicalId(recorded, MAIN) : undefined;
    if (owner !== undefined && (ids.includes(owner) || (owner === MAIN && !hasRoster(agents)))) return owner;
  } else {
    const marked = roster.filter((agent) => agent.markedDefault);
    if (marked.length === 1) return marked[0]?.id;
  }
  return sole ?? (hasRoster(agents) ? undefined : MAIN);
}

const hasRoster = (agents: Agents): boolean => agents.entries !== undefined || agents.list !== undefined;

function bindingOf(raw: unknown, ids: readonly string[], owner: string | undefined): readonly Binding[] {
  const parsed = bindingSchema.safeParse(raw);
  if (!parsed.success || parsed.data.type === "acp") return [];
  const { agentId, match, session } = parsed.data;
  const account = match.accountId?.trim() ?? "";
  return [
    {
      agentId: boundAgent(agentId ?? "", ids, owner),
      platform: match.channel,
      // An omitted account means the account called "default", whatever `defaultAccount` says.
      account: account === "*" ? "*" : canonicalAccount(account),
      peer: match.peer ? peerOf(match.channel, match.peer) : undefined,
      guild: match.guildId,
      team: match.teamId,
      roles: match.roles?.filter(isString),
      dmScope: session?.dmScope,
      groupScope: session?.groupScope,
    },
  ];
}

function boundAgent(named: string, ids: readonly string[], owner: string | undefined): string | undefined {
  if (named.trim() === "") return owner;
  const agent = canonicalId(named, MAIN);
  return ids.length === 0 || ids.includes(agent) || agent === MAIN ? agent : undefined;
}

function peerOf(platform: string, { kind, id }: z.infer<typeof peer>): NonNullable<Binding["peer"]> {
  const direct = kind === "direct" || kind === "dm";
  if (platform !== "slack") return { direct, id };
  // Slack's bindings may be written as targets: `user:U1`, `<@U1>`, `@U1`, `channel:C1`, `#C1`.
  const target = direct ? /^(?:<@(\w+)>|(?:user:|slack:|@)(\w+))$/.exec(id) : /^(?:channel:|#)(\w+)$/.exec(id);
  return { direct, id: target?.[1] ?? target?.[2] ?? id };
}

/** The account that the platform's plugin takes where none is named. A token beside `accounts` is an account `default`. */
function defaultAccountOf(raw: unknown): string {
  const parsed = channelSchema.safeParse(raw);
  if (!parsed.success) return DEFAULT_ACCOUNT;
  const { defaultAccount, accounts, ...rest } = parsed.data;
  const listed = Object.keys(accounts).map((name) => canonicalAccount(name));
  if (["token", "botToken"].some((key) => rest[key] != null && rest[key] !== "")) listed.push(DEFAULT_ACCOUNT);
  const preferred = defaultAccount?.trim() ? canonicalAccount(defaultAccount) : undefined;
  if (preferred !== undefined && listed.includes(preferred)) return preferred;
  return listed.includes(DEFAULT_ACCOUNT) ? DEFAULT_ACCOUNT : (listed.sort()[0] ?? DEFAULT_ACCOUNT);
}

const isString = (value: unknown): value is string => typeof value === "string";
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
