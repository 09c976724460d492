type Fetch = typeof globalThis.fetch;

/**
 * A `fetch` that waits as long as its caller does. Node's own gives up where an answer
 * does not begin within 5 minutes, which a prompt of many thousand tokens takes to be
 * read on a small machine. Its package is loaded with the first request.
 */
export function createPatientFetch(): Fetch {
  let loading: Promise<Fetch> | undefined;
  const load = async (): Promise<Fetch> => {
    const { Agent, fetch } = await import("undici");
    const dispatcher = new Agent({ headersTimeout: 0, bodyTimeout: 0 });
    const patient = (input: Parameters<typeof fetch>[0], init?: Parameters<typeof fetch>[1]) =>
      fetch(input, { ...init, dispatcher });
    // The same interface, declared twice.
    return patient as unknown as Fetch;
  };
  return async (input, init) => {
    loading ??= load();
    return (await loading)(input, init);
  };
}
