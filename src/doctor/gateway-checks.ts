import { ClutchError } from "../errors.ts";
import { hostOf } from "../openclaw/connect-errors.ts";
import { readGatewayChannels } from "../openclaw/gateway-channels.ts";
import { spreadOfSelection } from "../openclaw/selection-scope.ts";
import { broken, type Check, type Finding, gatewayCheck, ok, problem, skipped, warning } from "./check.ts";

/** The OpenClaw releases that Clutch's own tests run against. */
export const TESTED_OPENCLAW = { oldest: "2026.8.1", newest: "2026.9.6" } as const;

export const gatewayReachableCheck: Check = {
  part: "gateway",
  name: "Reachable",
  async look({ gateway, configProblem }) {
    if (gateway instanceof ClutchError) {
      if (configProblem !== undefined) return skipped("The configuration, which names it, cannot be used.");
      return problem("broken", gateway);
    }
    const state = gateway.connection.state();
    const where = hostOf(gateway.connection.url);
    if (state.phase === "ready") return ok(`OpenClaw ${state.serverVersion} answers at ${where}.`);
    if ("problem" in state && state.problem !== undefined) return problem("broken", state.problem);
    return broken(`The connection to ${where} is lost, and Clutch tries to get it back.`, "openclaw gateway status");
  },
};

export const gatewayVersionCheck = gatewayCheck({
  part: "gateway",
  name: "Version",
  async look({ connection }) {
    const state = connection.state();
    if (state.phase !== "ready") return skipped("The gateway is not connected just now.");
    return judgeVersion(state.serverVersion);
  },
});

/** How a release of OpenClaw stands to those that Clutch is tested with. */
export function judgeVersion(version: string): Finding {
  const { oldest, newest } = TESTED_OPENCLAW;
  const range = `Clutch is tested with ${oldest} to ${newest}`;
  if (!/^\d+\.\d+\.\d+/.test(version))
    return skipped(`It says “${version.slice(0, 40)}”, which is no release; ${range}.`);
  if (isBefore(version, oldest)) {
    return warning(
      `OpenClaw ${version} is older; ${range}.`,
      "npm install -g openclaw@latest, then openclaw gateway restart",
    );
  }
  if (isBefore(newest, version)) {
    return warning(
      `OpenClaw ${version} is newer; ${range}. What it calls otherwise by now Clutch does not know.`,
      "npm install --global openclaw-clutch@latest",
    );
  }
  return ok(`OpenClaw ${version}; ${range}.`);
}

/** What comes after the third number, such as `-beta.3`, does not count. */
const isBefore = (a: string, b: string): boolean => release(a).localeCompare(release(b), "en", { numeric: true }) < 0;
const release = (version: string): string => /^\d+\.\d+\.\d+/.exec(version)?.[0] ?? version;

export const gatewayScopesCheck = gatewayCheck({
  part: "gateway",
  name: "Rights",
  async look({ connection }) {
    const state = connection.state();
    if (state.phase !== "ready") return skipped("The gateway is not connected just now.");
    const { missingScopes, scopes } = state;
    if (missingScopes.length === 0) return ok(`The gateway lets Clutch do all that it needs (${scopes.join(", ")}).`);
    return broken(
      `The gateway did not give Clutch ${missingScopes.join(", ")}: what needs that fails.`,
      "on the gateway's machine: openclaw devices list, then approve Clutch's device with these scopes",
    );
  },
});

export const gatewayReachCheck = gatewayCheck({
  part: "gateway",
  name: "Reach of a switch",
  async look({ connection }, _, { signal }) {
    const spread = await spreadOfSelection(connection, { signal });
    if (spread === undefined) return ok("A model that is chosen for one conversation is chosen for that alone.");
    return warning(`${spread.why}: Clutch switches none.`, spread.remedy);
  },
});

const SLOW_MS = 1_000;
const PINGS = 3;

export const gatewayPingCheck = gatewayCheck({
  part: "gateway",
  name: "Speed",
  async look({ openclaw }, _, { signal }) {
    const times: number[] = [];
    for (let ping = 0; ping < PINGS; ping++) {
      const started = performance.now();
      await openclaw.listAgents({ signal });
      times.push(performance.now() - started);
    }
    const ms = Math.round(Math.min(...times));
    if (ms < SLOW_MS) return ok(`It answers within ${Math.max(1, ms)} ms.`);
    return warning(
      `It takes ${ms} ms to answer the simplest question: switches and cards wait for that.`,
      "openclaw gateway restart; look at the load of its machine",
    );
  },
});

/** Beyond this the days and the order of events may be wrong, ms. */
const OFF_MS = 5_000;

export const gatewayClockCheck = gatewayCheck({
  part: "clock",
  name: "Same as the gateway's",
  async look({ connection }, { clock }, { signal }) {
    const before = clock();
    const { at } = await readGatewayChannels(connection, { probe: false, signal });
    const after = clock();
    const off = at < before ? at - before : at > after ? at - after : 0;
    if (Math.abs(off) < OFF_MS) return ok("This machine and the gateway's agree on the time.");
    return warning(
      `The gateway's clock is ${Math.round(Math.abs(off) / 1_000)} s ${off > 0 ? "ahead of" : "behind"} this one's: turns may be counted on the wrong day, and what was missed may be missed for good.`,
      "sudo timedatectl set-ntp true, on both machines",
    );
  },
});
