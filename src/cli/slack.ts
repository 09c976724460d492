import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import JSON5 from "json5";
import { z } from "zod";
import { type SlackManifest, slackManifest, toJson, toYaml } from "../../adapters/slack/manifest.ts";
import { allCommands } from "../../commands/index.ts";
import { ClutchError, toClutchError } from "../errors.ts";
import type { ExitCode, Runtime } from "./runtime.ts";

/** As they were typed; undefined where not given. */
export interface SlackManifestOptions {
  readonly json?: boolean;
  /** Where Slack reaches Clutch in HTTP mode, `/slack/events` included. It implies that mode. */
  readonly requestUrl?: string;
  readonly mode?: "socket" | "http";
}

/**
 * Prints the manifest to create Clutch's Slack app from, as YAML, or as JSON
 * with `json`. It needs neither gateway nor tokens, since the tokens come only
 * after the app. Exit code 0, or 2 where an option or the configuration has to
 * be corrected; then nothing is printed but what is wrong.
 */
export async function printSlackManifest(options: SlackManifestOptions, runtime: Runtime): Promise<ExitCode> {
  try {
    const manifest = await manifestFor(options, runtime);
    runtime.stdout.write(options.json === true ? toJson(manifest) : toYaml(manifest));
    return 0;
  } catch (thrown) {
    const error = toClutchError(thrown);
    const lines = [`✗ ${error.message}`, ...(error.hint === "" ? [] : [`  ${error.hint}`])];
    runtime.stderr.write(`${lines.join("\n")}\n`);
    return error.isFault ? 1 : 2;
  }
}

/** The manifest for socket mode as people paste it. Throws `bad_config`. */
export const slackManifestText = async (runtime: Runtime): Promise<string> => toYaml(await manifestFor({}, runtime));

async function manifestFor({ mode, requestUrl }: SlackManifestOptions, runtime: Runtime): Promise<SlackManifest> {
  const { slack, access } = await readSettings(runtime);
  const chosen = mode ?? (requestUrl === undefined ? slack.mode : "http");
  if (chosen === "socket") {
    if (requestUrl !== undefined) {
      throw new ClutchError("bad_option", "In socket mode Clutch calls Slack, so --request-url means nothing.", {
        hint: "Leave it out, or use --mode http.",
      });
    }
  } else if (requestUrl === undefined || !URL.canParse(requestUrl) || new URL(requestUrl).protocol !== "https:") {
    throw new ClutchError(
      "bad_option",
      "In HTTP mode the manifest names the https address at which Slack reaches you.",
      {
        hint: "For instance: clutch slack manifest --request-url https://clutch.example.com/slack/events",
      },
    );
  }
  return slackManifest(allCommands, {
    mode: chosen,
    names: slack.commands,
    groupsOf: [...access.owners, ...access.operators, ...access.viewers].flatMap(
      (entry) => /^slack:group:(\S+)$/.exec(entry)?.[1] ?? [],
    ),
    ...(requestUrl === undefined ? {} : { requestUrl }),
  });
}

const people = z.array(z.string()).prefault([]);
const settings = z.object({
  slack: z
    .object({
      mode: z.enum(["socket", "http"]).prefault("socket"),
      commands: z.record(z.string(), z.string()).prefault({}),
    })
    .prefault({}),
  access: z.object({ owners: people, operators: people, viewers: people }).prefault({}),
});

/** Only what the manifest is made from: the whole configuration cannot be read before its secrets exist. */
async function readSettings({ env, cwd }: Runtime): Promise<z.output<typeof settings>> {
  const named = env["CLUTCH_CONFIG"];
  const path = named ? resolve(cwd, named) : join(cwd, "clutch.config.json");
  const refused = (what: string): ClutchError =>
    new ClutchError("bad_config", `${path} ${what}.`, {
      hint: "Correct it, or run this in a folder without it to get a manifest with Clutch's own names.",
    });
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" && !named) return "{}";
    throw refused(`cannot be read (${error.code ?? error.message})`);
  });
  const parsed = settings.safeParse(parsedText(text, refused));
  if (parsed.success) return parsed.data;
  const key = parsed.error.issues[0]?.path.map(String).join(".") ?? "";
  throw refused(key === "" ? "is no configuration" : `has something wrong at “${key}”`);
}

function parsedText(text: string, refused: (what: string) => ClutchError): unknown {
  try {
    return JSON5.parse(text);
  } catch {
    throw refused("is not valid JSON");
  }
}
