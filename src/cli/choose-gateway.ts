import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import { hostOf } from "../openclaw/connect-errors.ts";
import { findLocalGateway } from "/tmp/try/stub/fg.ts";
import { findRunningSandbox } from "/tmp/try/stub/fg.ts";
import type { ConfiguredServer } from "../registry/model-registry.ts";
import type { Runtime } from "./runtime.ts";

/** Which gateway to attach to, and how it was found, in words for the person. */
export type GatewayChoice =
  | {
      readonly kind: "found";
      readonly url: string;
      readonly token?: string;
      readonly announcement: string;
      /** Set where it is the sandbox of another terminal. */
      readonly sandbox?: {
        readonly servers: Readonly<Record<string, ConfiguredServer>>;
        readonly demoProviders: readonly string[];
      };
    }
  | { readonly kind: "none"; readonly note: string };

/**
 * Config, then environment, then an OpenClaw of this machine that runs, then a
 * sandbox that another terminal has open. A gateway that is named but does not
 * answer is chosen all the same: it is not for Clutch to pick another one.
 */
export async function chooseGateway(config: Config, runtime: Runtime): Promise<GatewayChoice> {
  const envToken = runtime.env["OPENCLAW_GATEWAY_TOKEN"];
  const withToken = (token: string | undefined) => (token === undefined || token === "" ? {} : { token });
  if (config.gateway !== undefined) {
    const { url, token } = config.gateway;
    return { kind: "found", url, ...withToken(token ?? envToken), announcement: `Gateway ${hostOf(url)}, from ${config.path ?? "the config"}.` };
  }
  const envUrl = runtime.env["OPENCLAW_GATEWAY_URL"];
  if (envUrl !== undefined && envUrl !== "") {
    return { kind: "found", url: envUrl, ...withToken(envToken), announcement: `Gateway ${hostOf(envUrl)}, from OPENCLAW_GATEWAY_URL.` };
  }
  const local = await findLocalGateway(runtime);
  if (local.state === "running") {
    return {
      kind: "found",
      url: local.url,
      ...withToken(envToken ?? local.token),
      announcement: `Found your OpenClaw: gateway ${hostOf(local.url)}, configured in ${local.configPath}.`,
    };
  }
  const sandbox = await findRunningSandbox(runtime);
  if (sandbox !== undefined) {
    const { url, token, servers, demoProviders } = sandbox;
    return { kind: "found", url, token, sandbox: { servers, demoProviders }, announcement: "The sandbox of another terminal." };
  }
  return {
    kind: "none",
    note:
      local.state === "stopped"
        ? `OpenClaw is configured in ${local.configPath}, but no gateway answers at ${hostOf(local.url)}.`
        : "No OpenClaw gateway was found on this machine.",
  };
}

export const noGatewayError = ({ note }: { readonly note: string }): ClutchError =>
  new ClutchError("no_gateway", note, {
    hint: "Start it with `openclaw gateway`, name one as gateway.url in clutch.config.json, or try the sandbox: clutch start --sandbox",
  });
