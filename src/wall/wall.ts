import { isIP } from "node:net";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import type { Resolve } from "../models/address.ts";
import { startControlServer } from "./control-server.ts";
import { createTrafficCounters } from "./traffic-counters.ts";
import { createWallClient } from "./wall-client.ts";
import { createWallFlag } from "./wall-flag.ts";
import { type Route, startProxy } from "./wall-proxy.ts";
import {
  canonicalHost,
  createJudge,
  type Judge,
  type Reason,
  type Target,
  type Verdict,
  type WallRules,
} from "./wall-rules.ts";
import type { WallStatus } from "./wall-status.ts";

export interface Wall {
  status(): WallStatus;
  /** Ends every connection. Open or closed, it is so again at its next start. */
  stop(): Promise<void>;
}

/**
 * The proxy that OpenClaw's traffic goes through. Open, it passes everything and
 * counts; closed, it passes what is named. It is as it was left from its first
 * connection on, and is told by `createWallClient`. Logs hosts and decisions, never
 * headers, bodies or paths. Codes: `bad_config` where a wall runs already, the port
 * is taken or the directory cannot be used; `bad_option` for rules that cannot be read.
 */
export async function createWall(parts: {
  readonly listen: { readonly host: string; readonly port: number };
  /** Where its state and its control socket are. */
  readonly directory: string;
  /** What passes while it is closed, whoever closes it. */
  readonly rules: WallRules;
  readonly resolve: Resolve;
  /** Epoch ms. */
  readonly clock: () => number;
  readonly logger: Logger;
}): Promise<Wall> {
  const { directory, clock, logger } = parts;
  await assertAlone(directory);

  const startedAt = clock();
  const counters = createTrafficCounters(clock);
  const withOwn = ({ allow, local }: WallRules): WallStatus["rules"] => ({
    allow: [...new Set([...parts.rules.allow, ...allow])],
    local: [...new Set([...parts.rules.local, ...local])],
  });
  const flag = createWallFlag({
    directory,
    clock,
    onClosed(state) {
      judge = createJudge(withOwn(state.rules));
      for (const route of proxy.cut(passes)) note(route, "cut", verdictOn(route, route.addresses).reason);
    },
  });
  let judge: Judge = createJudge(withOwn(flag.state().rules));
  const verdictOn = (target: Target, addresses?: readonly string[]): Verdict =>
    flag.state().closed ? judge(target, addresses) : { pass: true, reason: "open" };
  const passes = ({ addresses, ...target }: Route): boolean => verdictOn(target, addresses).pass;

  const note = (target: Target, what: "passed" | "denied" | "cut" | "failed", reason: Reason | "no-address"): void => {
    counters.add(target.host, what, reason);
    const level = what === "passed" ? "debug" : "info";
    logger[level]({ host: target.host.slice(0, 255), port: target.port, decision: what, reason }, "connection");
  };

  const proxy = await startProxy({
    listen: parts.listen,
    passes,
    async route(name, port) {
      const target = { host: canonicalHost(name), port };
      const atFirst = verdictOn(target);
      const addresses = atFirst.pass ? await addressesOf(target.host, parts.resolve) : [];
      // The wall may have closed while DNS was asked.
      const { pass, reason } = verdictOn(target, addresses);
      if (!pass) note(target, "denied", reason);
      else if (addresses.length === 0) note(target, "failed", "no-address");
      else note(target, "passed", reason);
      return pass ? { ...target, addresses } : undefined;
    },
  });

  const status = (): WallStatus => {
    const { closed, id, at, rules, damage } = flag.state();
    return {
      closed,
      id,
      at,
      ...(damage === undefined ? {} : { damage }),
      listen: `${parts.listen.host}:${proxy.port}`,
      pid: process.pid,
      startedAt,
      rules: withOwn(rules),
      connections: proxy.connections(),
      totals: counters.totals(),
      hosts: [...counters.hosts()],
    };
  };
  const said = (what: string): void => {
    const { closed, id } = flag.state();
    logger.info({ closed, id }, what);
  };
  const endControl = await startControlServer({
    directory,
    status,
    close(id, rules) {
      flag.close(id, rules);
      said("the wall is closed");
    },
    open(id) {
      flag.open(id);
      said("the wall is open");
    },
    logger,
  }).catch(async (error: unknown) => {
    await proxy.close();
    throw error;
  });
  said("the wall stands");
  return {
    status,
    async stop() {
      await endControl();
      await proxy.close();
    },
  };
}

const addressesOf = async (host: string, resolve: Resolve): Promise<readonly string[]> =>
  isIP(host) === 0 ? resolve(host).catch(() => []) : [host];

async function assertAlone(directory: string): Promise<void> {
  const other = await createWallClient({ directory }).status();
  if (other === undefined) return;
  throw new ClutchError("bad_config", `A wall is running already, at ${other.listen} (process ${other.pid}).`, {
    hint: "One is enough: clutch wall status shows what it does.",
  });
}
