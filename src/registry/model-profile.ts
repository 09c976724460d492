import type { Locality } from "../models/locality.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import type { ServedModel } from "../servers/model-server.ts";
import type { ModelFacts } from "./model-facts.ts";
import type { ServerAddress } from "./server-address.ts";

/** What is known of a model that OpenClaw offers. */
export interface ModelProfile {
  readonly ref: ModelRef;
  readonly name: string;
  readonly aliases: readonly string[];
  /** What OpenClaw will use of the model's window, tokens. */
  readonly windowTokens: number | undefined;
  /** The window that OpenClaw asks Ollama to load it with, tokens; undefined where it leaves that to the server. */
  readonly requestedContextTokens: number | undefined;
  readonly locality: Locality;
  /**
   * Where its calls are written down to have run: as `locality`, but by the last
   * listing while its server cannot be asked, and by its last address while its name
   * leads nowhere. Nothing is allowed by it.
   */
  readonly bookedAs: Locality["kind"];
  /** Whether OpenClaw reaches it on its own machine; undefined where nobody says where it does. */
  readonly onGateway: boolean | undefined;
  /** A stand-in of the sandbox answers in its place. */
  readonly demo: boolean;
  /** Where its server answers; undefined where nothing names an address or nobody knows what it speaks. */
  readonly server: ServerAddress | undefined;
  /** As its server lists it; undefined where the server does not, or was not asked. */
  readonly served: ServedModel | undefined;
  readonly facts: ModelFacts;
}

/** Name for people: OpenClaw's own where it has one, with the full ref where that says more. */
export const nameOf = (profile: ModelProfile | undefined, ref: ModelRef): string =>
  profile?.name ?? formatModelRef(ref);
