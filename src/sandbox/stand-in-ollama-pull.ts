import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { pause } from "./stand-in.ts";
import { type OllamaModel, sizeOf } from "./stand-in-ollama-models.ts";

/** What of each layer is on the disk, bytes: a download that was broken off goes on from there. */
export type Downloads = Map<string, number>;

/** A download moves in so many steps. */
const STEPS = 20;
/** Template, licence and parameters, as they come with most models, bytes. */
const SMALL_LAYERS = [11_343, 1_482, 96] as const;

/**
 * Streams a download as `/api/pull` does. `model` is undefined where the registry has
 * none of that name, `downloads` is "there" where nothing is left to be done. True once
 * all of it is there; false where the client left.
 */
export async function pull(
  response: ServerResponse,
  model: OllamaModel | undefined,
  downloads: Downloads | "there",
  stepMs: number,
): Promise<boolean> {
  const say = (line: object): boolean => response.write(`${JSON.stringify(line)}\n`);
  response.writeHead(200, { "content-type": "application/x-ndjson" });
  say({ status: "pulling manifest" });
  if (model === undefined) {
    response.end(`${JSON.stringify({ error: "pull model manifest: file does not exist" })}\n`);
    return false;
  }
  for (const { digest, total } of layersOf(model)) {
    const line = { status: `pulling ${digest.slice(7, 19)}`, digest, total };
    say(line);
    const before = downloads === "there" ? total : (downloads.get(digest) ?? 0);
    for (let done = before; downloads !== "there" && done < total; ) {
      if (!(await pause(response, stepMs))) return false;
      done = Math.min(total, done + Math.ceil(total / STEPS));
      downloads.set(digest, done);
      say({ ...line, completed: done });
    }
    say({ ...line, completed: total });
  }
  for (const status of ["verifying sha256 digest", "writing manifest", "success"]) say({ status });
  response.end();
  return true;
}

function layersOf(model: OllamaModel): { readonly digest: string; readonly total: number }[] {
  const weights = Math.max(1, sizeOf(model) - SMALL_LAYERS.reduce((sum, bytes) => sum + bytes, 0));
  return [weights, ...SMALL_LAYERS].map((total, index) => ({
    digest: `sha256:${createHash("sha256").update(`${model.name} ${index}`).digest("hex")}`,
    total,
  }));
}
