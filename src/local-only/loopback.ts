import { classifyHost } from "../models/address.ts";
import type { ModelProfile } from "../registry/model-profile.ts";

/** Whether an address, with or without a scheme, is of the machine that goes there. */
export function isLoopbackAddress(text: string): boolean {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  return url !== null && classifyHost(url.hostname) === "loopback";
}

/** Whether a model may be on the gateway's own machine, as a relay to the cloud is: so may one of which nobody knows it. */
export const mayBeOnGateway = (profile: ModelProfile | undefined): boolean => profile?.onGateway !== false;
