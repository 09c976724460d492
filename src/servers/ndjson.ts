import { cutOff } from "./server-fault.ts";

/**
 * The values of a stream of JSON lines. The `ollama` package reads these too, but
 * it skips a line that it cannot read, writes it to the console, and keeps a line
 * of any length in memory. Throws SyntaxError for a line that is not JSON, and a
 * fault where the stream ends within one.
 */
export async function* jsonLines(response: Response): AsyncGenerator<unknown> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const part of response.body ?? []) {
    const [head = "", ...lines] = decoder.decode(part, { stream: true }).split("\n");
    rest += head;
    for (const next of lines) {
      if (rest.trim() !== "") yield JSON.parse(rest);
      rest = next;
    }
  }
  rest += decoder.decode();
  if (rest.trim() === "") return;
  const last = parsed(rest);
  if (last === undefined) throw cutOff();
  yield last;
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
