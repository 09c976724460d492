/** Settings of a database's address that are secrets; those of a server's are taken for secrets whatever they are called. */
const DATABASE_SECRETS: ReadonlySet<string> = new Set(["password", "sslpassword"]);

/** Shorter user names are names, and hiding them would put holes into texts. */
const SHORTEST_TOKEN = 16;
const SHORTEST_VALUE = 6;

/**
 * What must not be shown of an address: its password, as it stands, decoded and
 * as basic authorisation sends it; a long user name without password, which is a
 * token where the address is a server's; and the values of its query.
 */
export function secretsInAddress(address: string): readonly string[] {
  const url = URL.parse(address);
  if (url === null || url.host === "") return [];
  const { username, password, searchParams } = url;
  const isDatabase = !/^(https?|wss?):$/.test(url.protocol);
  const given = [username, password].map(decoded);
  const bearer = password === "" && !isDatabase && username.length >= SHORTEST_TOKEN ? [username] : [];
  const basic = password === "" ? [] : [Buffer.from(given.join(":")).toString("base64")];
  const query = [...searchParams]
    .filter(([name, value]) => value.length >= SHORTEST_VALUE && (!isDatabase || DATABASE_SECRETS.has(name)))
    .map(([, value]) => value);
  const found = [password, ...bearer, ...query].flatMap((text) => [text, decoded(text), encodeURIComponent(text)]);
  return [...new Set([...found, ...basic])].filter((text) => text !== "");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
