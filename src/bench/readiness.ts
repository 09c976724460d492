import { formatModelRef, type ModelRef, sameModel } from "../models/model-ref.ts";
import { isLocalModelServer } from "../servers/drivers.ts";
import { listingName } from "../servers/listing.ts";
import type { RunningModel } from "../servers/model-server.ts";
import type { Eviction } from "../sessions/switch-plan.ts";
import { nonceFor } from "./bench-prompt.ts";
import type { BenchTarget } from "./bench-target.ts";
import { fillerText } from "./haystack.ts";
import { sleepWell } from "./patience.ts";

/** What is known of a model once it has answered. */
export interface ReadyModel {
  readonly target: BenchTarget;
  /** Characters that it makes a token of in the text that haystacks are of, as its server counted. */
  readonly charactersPerToken: number | undefined;
}

interface LoadedModel extends ReadyModel {
  /** The server names it among what it has in memory. */
  readonly isNamed: boolean;
}

export interface Readiness {
  /**
   * Loads the model where that is to be done, and asks it something that does not
   * count: the first answer after a load, or over a new connection, is slower than
   * those that follow. Does nothing where that was done, nobody came in between and the
   * model is still in memory. Waits where the load would push out what a conversation uses. Rejects with the
   * server's codes.
   */
  ensure(target: BenchTarget, signal: AbortSignal): Promise<ReadyModel>;
  /** Somebody else had use of the local server at this host: what is in its memory now is not known. */
  forget(host: string): void;
}

const WARM_UP_CHARACTERS = 2_000;
const WARM_UP_TOKENS = 8;
const IN_USE_LOOK_MS = 15_000;

export function createReadiness(parts: {
  readonly evictions: (model: ModelRef) => Promise<readonly Eviction[]>;
  /** A person said yes to pushing out what conversations use. */
  readonly mayEvict: boolean;
  readonly onWait: (why: string) => void;
  readonly onLoad: (model: ModelRef) => void;
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Makes the warm-up another text each time. */
  readonly mark: string;
}): Readiness {
  const { evictions, mayEvict, onWait, onLoad, sleep = sleepWell } = parts;
  const last = new Map<string, LoadedModel>();
  let warmUps = 0;

  /** A model that a conversation used a moment ago stays where it is until nobody uses it. */
  const untilRoom = async ({ ref }: BenchTarget, signal: AbortSignal): Promise<void> => {
    for (;;) {
      const [first] = mayEvict ? [] : await evictions(ref);
      if (first === undefined) return;
      onWait(
        `${formatModelRef(ref)} would push ${first.model} out of memory, which a conversation uses; the bench waits until nobody does.`,
      );
      await sleep(IN_USE_LOOK_MS, signal);
    }
  };

  /** What the server says it has of the model in memory; undefined where it does not say. */
  const inMemory = async (
    { ref, server }: BenchTarget,
    signal: AbortSignal,
  ): Promise<readonly RunningModel[] | undefined> => {
    if (!isLocalModelServer(server)) return undefined;
    const running = await server.running(signal).catch(() => undefined);
    signal.throwIfAborted();
    return running?.filter(({ name }) => listingName(name) === listingName(ref.model));
  };

  /** Only what the server has named before is missed: it may call a model by another name. */
  const isGone = async ({ target, isNamed }: LoadedModel, signal: AbortSignal): Promise<boolean> =>
    target.local && isNamed && (await inMemory(target, signal))?.length === 0;

  const load = async (target: BenchTarget, signal: AbortSignal): Promise<LoadedModel> => {
    const { ref, server, contextTokens } = target;
    if (isLocalModelServer(server)) {
      await server.warm(ref.model, contextTokens === undefined ? {} : { contextTokens }, signal);
    }
    const text = `Note ${nonceFor(parts.mark, "warm-up", warmUps++)}.\n\n${fillerText(WARM_UP_CHARACTERS, warmUps)}\n\nSay yes.`;
    let read: number | undefined;
    const request = {
      model: ref.model,
      messages: [{ role: "user" as const, text }],
      maxTokens: WARM_UP_TOKENS,
      temperature: 0,
      ...(contextTokens === undefined ? {} : { contextTokens }),
    };
    for await (const event of server.generate(request, signal)) {
      if (event.kind !== "end") continue;
      const { input, cacheRead = 0, cacheWrite = 0 } = event.tokens;
      read = input === undefined ? undefined : input + cacheRead + cacheWrite;
    }
    signal.throwIfAborted();
    const [there] = (await inMemory(target, signal)) ?? [];
    const window = there?.contextTokens;
    const windowTokens = window === undefined ? target.windowTokens : Math.min(window, target.windowTokens ?? window);
    return {
      target: { ...target, windowTokens },
      charactersPerToken: read === undefined || read <= 0 ? undefined : text.length / read,
      isNamed: there !== undefined,
    };
  };

  return {
    async ensure(target, signal) {
      const place = placeIn(target);
      const known = last.get(place);
      if (known !== undefined && sameModel(known.target.ref, target.ref) && !(await isGone(known, signal)))
        return known;
      if (target.local) await untilRoom(target, signal);
      onLoad(target.ref);
      const ready = await load(target, signal);
      last.set(place, ready);
      return ready;
    },
    forget(host) {
      last.delete(host);
    },
  };
}

/** Local models share their host's memory; a vendor has all of its models ready. */
const placeIn = ({ host, local, ref }: BenchTarget): string => (local ? host : formatModelRef(ref));
