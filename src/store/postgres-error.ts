import { z } from "zod";
import { ClutchError } from "../errors.ts";

type Problem = readonly [problem: string, hint: string];

const CONFIG = '"store" in clutch.config.json';
const UNREACHABLE: Problem = [
  "cannot be reached",
  `Start the server, or correct host and port under ${CONFIG}; then try again.`,
];
const LOST: Problem = [
  "has broken off the connection",
  "Look whether the server runs. The next command connects again; what was under way may or may not have been written.",
];
const NOT_READY: Problem = ["takes no connection now", "Wait until the server is up and has room, then try again."];
const WRONG_PASSWORD: Problem = [
  "refuses the role or its password",
  `Correct them under ${CONFIG}, in PGPASSWORD or in ~/.pgpass. pg_hba.conf on the server says who may connect from where.`,
];
const NO_DATABASE: Problem = [
  "does not exist on that server",
  `Create it (createdb --owner ROLE DATABASE), or correct the name under ${CONFIG}.`,
];
const NOT_ALLOWED: Problem = [
  "does not let the role do that",
  "Make the role the database's owner (alter database DATABASE owner to ROLE), or let it create tables in its schema.",
];
const READ_ONLY: Problem = ["may only be read", `Name the primary server, not a standby, under ${CONFIG}.`];
const FULL: Problem = ["could not be written: its disk is full", "Free some space on the server, then try again."];
const LOCKED: Problem = ["is locked by another process", "Wait for the other process to finish, and try again."];
const DAMAGED: Problem = ["is damaged", "The server's log has the details. Restore the database from a backup."];
const MISSING_FILE: Problem = [
  "names a file that is not there",
  `Correct the path of the socket or of the certificate under ${CONFIG}.`,
];
const NO_TRUST: Problem = [
  "can't be reached over TLS as it is asked for",
  `Turn TLS on at the server, or correct sslmode and sslrootcert under ${CONFIG} (verify-full with the server's root certificate, or disable).`,
];

/** By SQLSTATE (https://www.postgresql.org/docs/current/errcodes-appendix.html), its first two characters, or Node's code. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  "08": LOST,
  "28": WRONG_PASSWORD,
  "25006": READ_ONLY,
  "25P03": LOST,
  "3D000": NO_DATABASE,
  "40P01": LOCKED,
  "42501": NOT_ALLOWED,
  "53100": FULL,
  "53": NOT_READY,
  "55P03": LOCKED,
  "57P01": LOST,
  "57P02": LOST,
  "57P03": NOT_READY,
  "57P05": LOST,
  "58": DAMAGED,
  XX001: DAMAGED,
  XX002: DAMAGED,
  ECONNREFUSED: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOTFOUND: UNREACHABLE,
  EAI_AGAIN: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ECONNRESET: LOST,
  EPIPE: LOST,
  ENOENT: MISSING_FILE,
};

/** What pg itself throws comes without a code. */
const MESSAGES: readonly (readonly [RegExp, Problem])[] = [
  [/connection timeout|timeout exceeded when trying to connect/i, UNREACHABLE],
  [/connection terminated|query read timeout|not queryable|connection error/i, LOST],
  [/^SASL|password/i, WRONG_PASSWORD],
  [/SSL/, NO_TRUST],
];

const TLS_CODE = /^(ERR_(TLS|SSL)|.*(CERT|SELF_SIGNED|UNABLE_TO_VERIFY))/u;
const Thrown = z.object({ code: z.string().optional(), message: z.string() });

function findProblem(thrown: unknown): Problem | undefined {
  const { data } = Thrown.safeParse(thrown);
  if (data === undefined) return undefined;
  const { code, message } = data;
  if (code === undefined) return MESSAGES.find(([pattern]) => pattern.test(message))?.[1];
  return PROBLEMS[code] ?? PROBLEMS[code.slice(0, 2)] ?? (TLS_CODE.test(code) ? NO_TRUST : undefined);
}

/**
 * Turns what pg throws for reasons outside this program (server down, wrong
 * password, connection lost, disk full) into `store_failed` with the place and
 * a remedy. Anything else comes back as it is: it is a fault of the program.
 */
export function postgresError(thrown: unknown, place: string): unknown {
  const problem = findProblem(thrown);
  if (problem === undefined) return thrown;
  return new ClutchError("store_failed", `The store ${place} ${problem[0]}.`, { hint: problem[1], cause: thrown });
}

/** True where the connection is of no further use. */
export const isConnectionLost = (thrown: unknown): boolean => findProblem(thrown) === LOST;
