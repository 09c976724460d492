import { afterEach, describe, expect, it } from "vitest";
import { createOllamaServer } from "../../src/servers/ollama.ts";
import { createPatientFetch } from "../../src/servers/patient-fetch.ts";
import { retryAfterMs } from "../../src/servers/server-fault.ts";
import { rawServers } from "./raw-servers.ts";

const servers = rawServers();
afterEach(() => servers.closeAll());

describe("a patient fetch", () => {
  const at = (baseUrl: string) =>
    createOllamaServer({ id: "ollama", baseUrl, fetch: createPatientFetch(), timeoutMs: 5_000 });
  const ask = { model: "m", messages: [{ role: "user" as const, text: "hi" }] };
  const never = new AbortController().signal;

  it("serves a driver as Node's own does: streams, faults and signals", async () => {
    const url = await servers.http((request, response) => {
      request.resume();
      response.write(`${JSON.stringify({ message: { content: "Hel" }, done: false })}\n`);
      response.end(`${JSON.stringify({ message: { content: "lo" }, done: true, done_reason: "stop" })}\n`);
    });
    const events = await Array.fromAsync(at(url).generate(ask, never));
    expect(events.map((event) => (event.kind === "text" ? event.text : event.kind))).toEqual(["Hel", "lo", "end"]);
    const nobody = at(await servers.nobody());
    await expect(Array.fromAsync(nobody.generate(ask, never))).rejects.toMatchObject({ code: "server_unreachable" });
    expect(await nobody.health(never)).toMatchObject({ ok: false, code: "unreachable" });
    const silent = at(await servers.http(() => undefined));
    const reason = new Error("enough");
    await expect(Array.fromAsync(silent.generate(ask, AbortSignal.abort(reason)))).rejects.toBe(reason);
  });
});

describe("when to try again", () => {
  const NOW = Date.UTC(2026, 10, 28, 12);
  it.each([
    ["7", 7_000],
    [" 0.5 ", 500],
    ["0", 0],
    ["Sat, 28 Nov 2026 12:00:30 GMT", 30_000],
    ["Sat, 28 Nov 2026 11:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
    [null, undefined],
  ])("is read from “%s”", (header, ms) => {
    expect(retryAfterMs(header, NOW)).toBe(ms);
  });
});
