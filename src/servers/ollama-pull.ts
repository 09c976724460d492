import { z } from "zod";
import type { PullProgress } from "./model-server.ts";
import { jsonLines } from "./ndjson.ts";
import { cutOff, inItsWords, missingModel, ServerFault } from "./server-fault.ts";

const pullLine = z.union([
  z.object({ error: z.string() }),
  z.object({
    status: z.string(),
    digest: z.string().optional(),
    total: z.number().nonnegative().default(0),
    completed: z.number().nonnegative().default(0),
  }),
]);

/**
 * Sums the layers of a download up. A layer that Ollama begins anew after a lost
 * connection counts as far as it once was, so that progress never goes back.
 */
export async function* pullProgress(model: string, response: Response): AsyncGenerator<PullProgress> {
  const layers = new Map<string, { total: number; completed: number }>();
  for await (const value of jsonLines(response)) {
    const line = pullLine.parse(value);
    if ("error" in line) throw pullFault(model, line.error);
    const { status: step, digest, total, completed } = line;
    if (digest === undefined) yield { step };
    else {
      const before = layers.get(digest) ?? { total: 0, completed: 0 };
      const layer = { total: Math.max(before.total, total), completed: Math.max(before.completed, completed) };
      layers.set(digest, layer);
      const sum = (count: (layer: { total: number; completed: number }) => number): number =>
        layers.values().reduce((bytes, each) => bytes + count(each), 0);
      yield { step, doneBytes: sum((each) => each.completed), totalBytes: sum((each) => each.total) };
    }
    if (step === "success") return;
  }
  throw cutOff();
}

/** Ollama's registry answers a name that it does not have with a missing manifest. */
function pullFault(model: string, error: string): ServerFault {
  if (/manifest.*(does not exist|not found|unknown)/i.test(error)) return missingModel(model);
  return new ServerFault("http_error", `could not download the model${inItsWords(error)}`);
}
