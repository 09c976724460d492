import { snowflake } from "./snowflake.ts";

/** Somebody in front of a Discord client. */
export interface Member {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
}

export interface Channel {
  readonly id: string;
  /** 0 text, 1 DM, 3 group DM, 11 thread or forum post. */
  readonly type: number;
  readonly name: string;
  readonly guildId?: string;
  readonly parentId?: string;
  /** For a DM: the person on the other side. */
  readonly personId?: string;
  /** For a DM: the application whose bot is on this side; Clutch's where it is missing. */
  readonly applicationId?: string;
}

/** The guilds, channels and people that exist. */
export interface World {
  readonly guildIds: readonly string[];
  readonly channels: Map<string, Channel>;
  readonly members: Member[];
  person(name: string, roles?: readonly string[]): Member;
  textChannel(guildId?: string): Channel;
  thread(parent: Channel): Channel;
  /** The DM of the bot with this person, or of another application's; the same one each time. */
  direct(person: Pick<Member, "id">, applicationId?: string): Channel;
  groupDirect(): Channel;
}

export function createWorld(guildCount: number, now: () => number): World {
  const guildIds = Array.from({ length: guildCount }, () => snowflake(now()));
  const channels = new Map<string, Channel>();
  const members: Member[] = [];
  const add = (channel: Omit<Channel, "id">): Channel => {
    const added = { ...channel, id: snowflake(now()) };
    channels.set(added.id, added);
    return added;
  };
  return {
    guildIds,
    channels,
    members,
    person(name, roles = []) {
      const member = { id: snowflake(now()), name, roles };
      members.push(member);
      return member;
    },
    textChannel: (guildId = guildIds[0] ?? "") => add({ type: 0, name: "general", guildId }),
    thread: ({ id, guildId }) =>
      add({ type: 11, name: "a thread", parentId: id, ...(guildId === undefined ? {} : { guildId }) }),
    direct: (person, applicationId) =>
      [...channels.values()].find(
        (channel) => channel.type === 1 && channel.personId === person.id && channel.applicationId === applicationId,
      ) ?? add({ type: 1, name: "dm", personId: person.id, ...(applicationId === undefined ? {} : { applicationId }) }),
    groupDirect: () => add({ type: 3, name: "group" }),
  };
}
