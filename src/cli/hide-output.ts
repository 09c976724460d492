import { inspect } from "node:util";
import { hideSecrets } from "../logger.ts";

/** The names of environment variables that hold secrets end like this. */
const SECRET_VARIABLE = /(TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_KEY)$|^PGPASSWORD$/i;

export const secretsInEnvironment = (env: Readonly<Record<string, string | undefined>>): string[] =>
  Object.entries(env).flatMap(([name, value]) =>
    value !== undefined && value !== "" && SECRET_VARIABLE.test(name) ? [value] : [],
  );

/**
 * From now on nothing leaves this process by `streams` with one of `secrets` in
 * it, whoever prints it: a command, a library, Node's own words about a crash.
 */
export function hideInOutput(
  streams: readonly [stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream],
  secrets: () => readonly string[],
): void {
  for (const stream of streams) {
    const write = stream.write.bind(stream) as (chunk: string | Uint8Array, ...rest: unknown[]) => boolean;
    const hiding = (chunk: string | Uint8Array, ...rest: unknown[]): boolean =>
      write(typeof chunk === "string" ? hideSecrets(chunk, secrets()) : hidden(chunk, secrets()), ...rest);
    stream.write = hiding as typeof stream.write;
  }
  // Node writes about a crash past the stream, so it is said here.
  process.on("uncaughtException", (error: unknown) => {
    const [, stderr] = streams;
    stderr.write(`${error instanceof Error ? inspect(error) : String(error)}\n`);
    process.exit(1);
  });
}

function hidden(bytes: Uint8Array, secrets: readonly string[]): Uint8Array {
  const text = Buffer.from(bytes).toString("utf8");
  const shown = hideSecrets(text, secrets);
  return shown === text ? bytes : Buffer.from(shown);
}
