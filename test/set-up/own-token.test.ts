import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { chooseGateway } from "../../src/cli/choose-gateway.ts";
import { defaultConfig } from "../../src/config.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

let machine: PersonMachine;
beforeEach(() => {
  machine = personMachine();
  mkdirSync(join(machine.home, ".openclaw"));
  const gateway = { port: 18_999, auth: { token: "of-openclaw" } };
  writeFileSync(join(machine.home, ".openclaw", "openclaw.json"), JSON.stringify({ gateway }));
});
afterEach(() => machine.clear());

async function tokenFor(url: string, token?: string): Promise<string | undefined> {
  let found: string | undefined;
  await machine.run(async (runtime) => {
    const gateway = { url, ...(token === undefined ? {} : { token }) };
    const choice = await chooseGateway({ ...defaultConfig, gateway }, runtime);
    found = choice.kind === "found" ? choice.token : "none chosen";
    return 0;
  });
  return found;
}

it("a gateway without a token of its own gets OpenClaw's, by whichever name of this machine it goes", async () => {
  for (const url of ["ws://127.0.0.1:18999", "ws://127.0.0.1:18999/", "ws://localhost:18999", "ws://[::1]:18999"]) {
    expect(await tokenFor(url), url).toBe("of-openclaw");
  }
});

it("nobody else gets it", async () => {
  for (const url of [
    "ws://127.0.0.1:19000",
    "wss://127.0.0.1:18999",
    "ws://192.168.1.9:18999",
    "ws://example.com:18999",
  ]) {
    expect(await tokenFor(url), url).toBeUndefined();
  }
});

it("what is configured or in the environment goes first", async () => {
  expect(await tokenFor("ws://127.0.0.1:18999", "configured")).toBe("configured");
  machine.env["OPENCLAW_GATEWAY_TOKEN"] = "of-the-environment";
  expect(await tokenFor("ws://127.0.0.1:18999")).toBe("of-the-environment");
});
