import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { ClutchError } from "../errors.ts";
import { ageOf } from "../models/age.ts";
import { createModelServer } from "../servers/drivers.ts";
import type { ModelDescription, ModelServer, ServedModel } from "../servers/model-server.ts";
import type { ServerAddress } from "./server-address.ts";

/** How a server was when it was last asked. */
export interface ServerState {
  readonly ok: boolean;
  /** Epoch ms. */
  readonly at: number;
  /** One plain sentence, where it is not well. */
  readonly reason: string | undefined;
  /** What it listed last; undefined where it never did. */
  readonly models: readonly ServedModel[] | undefined;
}

/**
 * Knows how model servers are and what they have, so that no command waits for a
 * server that is down: after two failures in a row a server is left alone for a
 * while (10 s, doubling up to 2 min) and the last failure is the answer.
 */
export interface ServerMonitor {
  /**
   * The state, from memory where it is younger than a minute; one older than 10 s
   * is asked for anew in the background. Waits for an answer where there was none
   * yet, and for 300 ms where a server that was down may be back.
   */
  look(address: ServerAddress): Promise<ServerState>;
  /** From memory; undefined before the first look. */
  known(address: ServerAddress): ServerState | undefined;
  /** What the server says of a model beyond its listing, once per build of it; undefined where it cannot say. */
  describe(address: ServerAddress, model: ServedModel): Promise<ModelDescription | undefined>;
  /** The same from memory. */
  described(address: ServerAddress, model: ServedModel): ModelDescription | undefined;
  /** Makes the next look ask, however young the last one is. */
  forget(address: ServerAddress): void;
  /** The driver for a server. Throws `bad_config` where the address cannot be used. */
  serverAt(address: ServerAddress): ModelServer;
  /** Looks at every server that was ever asked for, again and again; the returned function ends it. */
  start(): () => void;
}

const MAX_AGE_MS = 10_000;
const LONGEST_AGE_MS = 60_000;
const BRIEFLY_MS = 300;
const EVERY_MS = 20_000;
const LIST_TIMEOUT_MS = 1_500;
const FAILURES_TO_OPEN = 2;
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 120_000;
const DESCRIBE_AT_ONCE = 4;

interface Watched {
  readonly address: ServerAddress;
  readonly server: ModelServer | ClutchError;
  state: ServerState | undefined;
  failures: number;
  looking: Promise<ServerState> | undefined;
  readonly descriptions: Map<string, ModelDescription | undefined>;
  readonly waiting: Map<string, Promise<ModelDescription | undefined>>;
}

export function createServerMonitor(parts: {
  readonly fetch: typeof globalThis.fetch;
  /** False for servers that Clutch must not contact now: while only local ones are allowed. */
  readonly mayAsk?: (address: ServerAddress) => Promise<boolean>;
  readonly clock: () => number;
  readonly logger: Logger;
}): ServerMonitor {
  const { fetch, clock, logger, mayAsk } = parts;
  const watched = new Map<string, Watched>();
  const queue = createQueue(DESCRIBE_AT_ONCE);

  const of = (address: ServerAddress): Watched => {
    const key = JSON.stringify([address.kind, address.baseUrl, address.apiKey ?? ""]);
    const known = watched.get(key);
    if (known !== undefined) return known;
    const fresh: Watched = {
      address,
      server: driverFor(address),
      state: undefined,
      failures: 0,
      looking: undefined,
      descriptions: new Map(),
      waiting: new Map(),
    };
    watched.set(key, fresh);
    return fresh;
  };

  const driverFor = (address: ServerAddress): ModelServer | ClutchError => {
    const carefully: typeof fetch = async (input, init) => {
      if (mayAsk !== undefined && !(await mayAsk(address))) throw lockedOut(address);
      return fetch(input, init);
    };
    try {
      return createModelServer(address.kind, { ...address, fetch: carefully, timeoutMs: LIST_TIMEOUT_MS });
    } catch (error) {
      if (error instanceof ClutchError) return error;
      throw error;
    }
  };

  const ask = async (entry: Watched): Promise<ServerState> => {
    const at = clock();
    try {
      if (entry.server instanceof ClutchError) throw entry.server;
      const models = await entry.server.list(AbortSignal.timeout(2 * LIST_TIMEOUT_MS));
      entry.failures = 0;
      return { ok: true, at, reason: undefined, models };
    } catch (error) {
      entry.failures++;
      logger.debug({ server: entry.address.id, err: error }, "model server could not be asked");
      const reason = error instanceof ClutchError ? error.message : "It did not answer.";
      return { ok: false, at, reason, models: entry.state?.models };
    }
  };

  const refresh = (entry: Watched): Promise<ServerState> => {
    if (entry.looking !== undefined) return entry.looking;
    const looking = ask(entry).then((state) => {
      // One that was forgotten meanwhile is older than what is asked for after it.
      if (entry.looking === looking) {
        entry.state = state;
        entry.looking = undefined;
      }
      return state;
    });
    entry.looking = looking;
    return looking;
  };

  const isDue = ({ state, failures }: Watched): boolean => {
    if (state === undefined) return true;
    const age = ageOf(state.at, clock());
    if (failures < FAILURES_TO_OPEN) return age >= MAX_AGE_MS;
    return age >= Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - FAILURES_TO_OPEN));
  };

  const describe = (address: ServerAddress, model: ServedModel): Promise<ModelDescription | undefined> => {
    const entry = of(address);
    const key = buildOf(model);
    if (entry.descriptions.has(key)) return Promise.resolve(entry.descriptions.get(key));
    const waiting =
      entry.waiting.get(key) ??
      queue(async () => {
        try {
          if (entry.server instanceof ClutchError || entry.failures >= FAILURES_TO_OPEN) return undefined;
          const description = await entry.server.describe(model.name, AbortSignal.timeout(2 * LIST_TIMEOUT_MS));
          entry.descriptions.set(key, description);
          return description;
        } catch (error) {
          logger.debug({ server: address.id, model: model.name, err: error }, "model could not be described");
          return undefined;
        }
      }).finally(() => entry.waiting.delete(key));
    entry.waiting.set(key, waiting);
    return waiting;
  };

  return {
    async look(address) {
      const entry = of(address);
      const { state } = entry;
      if (state !== undefined && !isDue(entry)) return state;
      const fresh = refresh(entry);
      if (state === undefined || ageOf(state.at, clock()) > LONGEST_AGE_MS) return fresh;
      return state.ok ? state : Promise.race([fresh, sleep(BRIEFLY_MS, state, { ref: false })]);
    },
    known: (address) => of(address).state,
    describe,
    described: (address, model) => of(address).descriptions.get(buildOf(model)),
    forget(address) {
      const entry = of(address);
      if (entry.state !== undefined) entry.state = { ...entry.state, at: Number.NEGATIVE_INFINITY };
      entry.failures = 0;
      entry.looking = undefined;
    },
    serverAt(address) {
      const { server } = of(address);
      if (server instanceof ClutchError) throw server;
      return server;
    },
    start() {
      const timer = setInterval(() => {
        for (const entry of watched.values()) if (isDue(entry)) void refresh(entry);
      }, EVERY_MS);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}

/** A model that is pulled anew under its old name has another size, nearly always. */
const buildOf = ({ name, sizeBytes }: ServedModel): string => `${name} ${sizeBytes ?? 0}`;

function createQueue(atOnce: number): <T>(job: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (job) => {
    if (running >= atOnce) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await job();
    } finally {
      // The place goes to who waits, so that nobody slips in between.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

const lockedOut = ({ id }: ServerAddress): ClutchError =>
  new ClutchError("local_only", `Local-only mode is on, so Clutch does not ask ${id}.`, {
    hint: "/localonly off ends it.",
  });
