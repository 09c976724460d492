import { z } from "zod";
import { type Answer, nothing, ok, refuse } from "./answer.ts";
import type { ApiRequest } from "./http-server.ts";
import { snowflake } from "./snowflake.ts";

const body = z.looseObject({ name: z.string(), type: z.number().nullish() });

/** A registered command, as the API gives it. */
export type RegisteredCommand = Record<string, unknown> & {
  readonly id: string;
  readonly name: string;
  readonly type: number;
};

export interface CommandBook {
  /** By scope: a guild's id, or "" for the global ones. */
  readonly scopes: Map<string, RegisteredCommand[]>;
  find(name: string, guildId: string | undefined): RegisteredCommand | undefined;
  /** Undefined where the request is not about commands. */
  route(request: ApiRequest): Answer | undefined;
}

const PATH = /^\/applications\/(\d+)(?:\/guilds\/(\d+))?\/commands(?:\/(\d+))?$/;

/** `mayRegister` is false for a guild that the bot was invited to without the scope `applications.commands`. */
export function createCommandBook(
  applicationId: string,
  now: () => number,
  mayRegister: (guildId: string) => boolean,
): CommandBook {
  const scopes = new Map<string, RegisteredCommand[]>();

  const complete = (sent: z.output<typeof body>, guildId: string, id = snowflake(now())): RegisteredCommand => ({
    default_member_permissions: null,
    nsfw: false,
    ...(guildId === "" ? { contexts: null, integration_types: [0] } : {}),
    ...sent,
    type: sent.type ?? 1,
    id,
    application_id: applicationId,
    version: snowflake(now()),
    ...(guildId === "" ? {} : { guild_id: guildId }),
  });

  return {
    scopes,
    find: (name, guildId) =>
      [...(guildId === undefined ? [] : (scopes.get(guildId) ?? [])), ...(scopes.get("") ?? [])].find(
        (command) => command.name === name && command.type === 1,
      ),
    route({ method, path, body: sent }) {
      const match = PATH.exec(path);
      if (match === null || match[1] !== applicationId) return undefined;
      const [, , guildId = "", commandId] = match;
      if (guildId !== "" && !mayRegister(guildId)) return refuse(403, 50001, "Missing Access");
      const commands = scopes.get(guildId) ?? [];
      const index = commands.findIndex(({ id }) => id === commandId);
      const keep = (next: RegisteredCommand[]): void => void scopes.set(guildId, next);
      if (commandId !== undefined) {
        const command = commands[index];
        if (command === undefined) return refuse(404, 10063, "Unknown application command");
        if (method === "DELETE") {
          keep(commands.toSpliced(index, 1));
          return nothing;
        }
        if (method === "PATCH") {
          const patched = { ...command, ...z.looseObject({}).parse(sent), version: snowflake(now()) };
          keep(commands.with(index, patched));
          return ok(patched);
        }
        return ok(command);
      }
      if (method === "GET") return ok(commands);
      if (method === "PUT") {
        const next = z
          .array(body)
          .parse(sent)
          .map((each) => complete(each, guildId, commands.find(({ name }) => name === each.name)?.id));
        if (new Set(next.map(({ name }) => name)).size < next.length) return refuse(400, 50035, "Invalid Form Body");
        keep(next);
        return ok(next);
      }
      const added = body.parse(sent);
      const same = commands.findIndex(({ name, type }) => name === added.name && type === (added.type ?? 1));
      if (same >= 0) {
        const replaced = complete(added, guildId, commands[same]?.id);
        keep(commands.with(same, replaced));
        return ok(replaced);
      }
      if (commands.length >= 100) return refuse(400, 30032, "Maximum number of application commands reached (100)");
      const created = complete(added, guildId);
      keep([...commands, created]);
      return ok(created, 201);
    },
  };
}
