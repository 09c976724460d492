import { Agent, fetch as undiciFetch } from "undici";

/**
 * A `fetch` that waits as long as its caller does. Node's own gives up where an answer
 * does not begin within 5 minutes, which a prompt of many thousand tokens takes to be
 * read on a small machine. Its connections are closed with the process.
 */
export function createPatientFetch(): typeof globalThis.fetch {
  const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
  return (async (input: Parameters<typeof undiciFetch>[0], init?: Parameters<typeof undiciFetch>[1]) =>
    undiciFetch(input, { ...init, dispatcher })) as unknown as typeof globalThis.fetch;
}
