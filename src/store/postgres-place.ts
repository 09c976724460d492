import { ClutchError } from "../errors.ts";

/**
 * What a message may say of a PostgreSQL URL: role, host and database, without
 * password and settings. Throws `bad_config`, repeating nothing, where the URL
 * can't be read, or is read otherwise than it was meant: with a `#`, `/` or `?`
 * in a password that is not percent-encoded, the rest of the password would be
 * taken for a port, a database or a setting.
 */
export function postgresPlace(url: string): string {
  const parsed = URL.parse(url);
  if (parsed === null || parsed.hash !== "" || `${parsed.pathname}${parsed.search}`.includes("@") || !decodes(parsed)) {
    throw new ClutchError("bad_config", '"store" begins like the address of a PostgreSQL database, but is none.', {
      hint: "Write postgres://ROLE:PASSWORD@HOST:PORT/DATABASE, with #, /, ?, @, : and % in the password as %23, %2F, %3F, %40, %3A and %25.",
    });
  }
  const role = parsed.username === "" ? "" : `${parsed.username}@`;
  // A socket's folder comes as a setting.
  const host = parsed.host === "" ? (parsed.searchParams.get("host") ?? "") : parsed.host;
  return `postgres://${role}${host}${parsed.pathname}`;
}

function decodes({ username, password, pathname }: URL): boolean {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}
