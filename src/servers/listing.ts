import type { Listing } from "../models/locality.ts";
import type { ServedModel } from "./model-server.ts";

/**
 * What a server's list says of one model. A name without a tag means `:latest`, as
 * Ollama reads it. Where entries share a name, one that is remote decides.
 */
export function listingOf(served: readonly ServedModel[], model: string): Listing {
  const entries = served.filter(({ name }) => listingName(name) === listingName(model));
  const remoteHost = entries.find((entry) => entry.remoteHost !== undefined)?.remoteHost;
  const remoteModel = entries.find((entry) => entry.remoteModel !== undefined)?.remoteModel;
  return {
    found: entries.length > 0,
    ...(remoteHost === undefined ? {} : { remoteHost }),
    ...(remoteModel === undefined ? {} : { remoteModel }),
  };
}

/** The entry of one model; where several share its name, the first. */
export const servedAs = (served: readonly ServedModel[], model: string): ServedModel | undefined =>
  served.find(({ name }) => listingName(name) === listingName(model));

/** A model's name as Ollama lists it: one without a tag means `:latest`. */
export const listingName = (name: string): string => (/:[^/]*$/.test(name) ? name : `${name}:latest`);
