import { type Answer, nothing, ok, refuse } from "./answer.ts";
import type { ApiRequest } from "./http-server.ts";
import type { MessageStore } from "./messages.ts";
import { channelObject, guildObject, memberObject, userObject } from "./shapes.ts";
import type { World } from "./world.ts";

/** What a chat bot asks for beyond what Clutch does: guilds, members, history, typing, reactions. */
export function guestRoutes(parts: {
  readonly world: World;
  readonly messages: MessageStore;
  readonly bots: () => readonly { readonly id: string; readonly name: string }[];
}): (request: ApiRequest) => Answer | undefined {
  const { world, messages, bots } = parts;
  const memberOf = (id: string) => {
    const bot = bots().find((each) => each.id === id);
    return world.members.find((each) => each.id === id) ?? (bot === undefined ? undefined : { ...bot, roles: [] });
  };
  const guildOf = (id: string, application: string | undefined) => {
    const bot = bots().find((each) => each.id === application);
    if (bot === undefined || !world.guildIds.includes(id)) return undefined;
    return guildObject(
      id,
      [...world.channels.values()].filter(({ guildId }) => guildId === id),
      world.members,
      bot,
    );
  };
  const historyOf = (channelId: string, query: URLSearchParams): Answer => {
    const before = query.get("before");
    const after = query.get("after");
    return ok(
      [...messages.all.values()]
        .filter((message) => message.channelId === channelId && message.onlyFor === undefined)
        .filter(({ id }) => (before === null || id < before) && (after === null || id > after))
        .sort((one, other) => (one.id < other.id ? 1 : -1))
        .slice(0, Number(query.get("limit") ?? 50))
        .map(messages.object),
    );
  };

  return ({ method, path, query, application }) => {
    const [, root, id = "", rest = ""] = /^\/(guilds|channels|users)\/(\d+|@me)(\/.*)?$/.exec(path) ?? [];
    if (root === "channels") {
      if (rest === "/typing" || /^\/messages\/\d+\/reactions\//.test(rest)) return nothing;
      if (rest === "/thread-members/@me") return nothing;
      return rest === "/messages" && method === "GET" ? historyOf(id, query) : undefined;
    }
    if (root === "users") {
      if (path === "/users/@me/guilds") return ok(world.guildIds.map((guildId) => guildOf(guildId, application)));
      const person = memberOf(id);
      return rest !== "" || person === undefined ? undefined : ok(userObject(person));
    }
    if (root !== "guilds") return undefined;
    const guild = guildOf(id, application);
    if (guild === undefined) return refuse(404, 10004, "Unknown Guild");
    if (rest === "") return ok(guild);
    if (rest === "/channels")
      return ok([...world.channels.values()].filter((each) => each.guildId === id).map(channelObject));
    if (rest === "/roles") return ok(guild.roles);
    const [, memberId = ""] = /^\/members\/(\d+)$/.exec(rest) ?? [];
    const member = memberOf(memberId);
    return member === undefined ? refuse(404, 10007, "Unknown Member") : ok(memberObject(member));
  };
}
