import { ClutchError, toClutchError } from "../errors.ts";
import type { PathProof } from "../local-only/lock-status.ts";
import type { ExitCode, Runtime } from "./runtime.ts";
import { printCard, printError } from "./wall.ts";
import { withApp } from "./with-app.ts";

/**
 * Lets OpenClaw, a child of it, and a child that ignores the proxy try to get out to
 * where nobody is, and prints who held them; with `json` one object `{ok, paths,
 * error}`. Exit code 1 where something gets past a closed wall.
 */
export async function doctorNetwork(options: { readonly json?: boolean }, runtime: Runtime): Promise<ExitCode> {
  const secrets: string[] = [];
  let paths: readonly PathProof[] = [];
  let error: ClutchError | undefined;
  try {
    paths = await withApp(runtime, secrets, (app) => app.services.localOnly.verifyNetwork());
    if (paths.some(({ result }) => result === "leaks")) error = gotPast(paths);
  } catch (thrown) {
    error = toClutchError(thrown);
  }
  if (options.json === true) {
    const shown = error === undefined ? null : { code: error.code, message: error.message, hint: error.hint };
    runtime.stdout.write(`${JSON.stringify({ ok: error === undefined, paths, error: shown })}\n`);
    return error === undefined ? 0 : error.isFault ? 1 : 2;
  }
  if (paths.length > 0) {
    printCard(
      {
        tone: error === undefined ? "info" : "error",
        title: "How OpenClaw gets out of this machine",
        table: {
          columns: ["Path", "Result", "Seen"],
          rows: paths.map(({ path, result, detail }) => [path, result, detail]),
        },
        footer: "only names and addresses of nobody were tried",
      },
      runtime,
    );
  }
  return error === undefined ? 0 : printError(error, runtime, secrets);
}

const gotPast = (paths: readonly PathProof[]): ClutchError =>
  new ClutchError(
    "not_verified",
    `The wall is closed, and these get past it: ${paths
      .filter(({ result }) => result === "leaks")
      .map(({ path }) => path)
      .join(", ")}.`,
    { hint: "Was the gateway restarted after clutch wall install? clutch wall status shows what passes." },
  );
