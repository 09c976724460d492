import type { AccessLevel, Person } from "./command.ts";

/**
 * Who may do what. An entry is `platform:id` for a person, `platform:kind:id`
 * for all of a group ("discord:role:123", "slack:group:S123"), or `*` for
 * everybody. With no owner configured nobody may change anything from a chat; the person at the
 * terminal of `clutch start` is an owner because they hold the machine.
 */
export interface AccessLists {
  readonly owners: readonly string[];
  readonly operators: readonly string[];
  readonly viewers: readonly string[];
}

const RANK: Readonly<Record<AccessLevel, number>> = { viewer: 1, operator: 2, owner: 3 };

export const mayDo = (level: AccessLevel | undefined, needed: AccessLevel): boolean =>
  level !== undefined && RANK[level] >= RANK[needed];

/** The person's level, or undefined for a stranger. */
export function levelOf(person: Person, lists: AccessLists): AccessLevel | undefined {
  const names = new Set(["*", ...[person.id, ...(person.groups ?? [])].map((id) => `${person.platform}:${id}`)]);
  const named = (entries: readonly string[]): boolean => entries.some((entry) => names.has(entry));
  if (named(lists.owners.filter((entry) => entry !== "*"))) return "owner";
  if (named(lists.operators)) return "operator";
  if (named(lists.viewers)) return "viewer";
  return undefined;
}
