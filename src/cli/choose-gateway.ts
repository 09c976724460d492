import { join } from "node:path";
import type { Config } from "../config.ts";
import { ClutchError } from "../errors.ts";
import { classifyHost } from "../models/address.ts";
import { secretsInAddress } from "../models/address-secrets.ts";
import { hostOf } from "../openclaw/connect-errors.ts";
import type { GatewayAddress } from "../openclaw/connection.ts";
import { findLocalGateway, readLocalGateway } from "../openclaw/find-gateway.ts";
import { findRunningSandbox, type SandboxAccess } from "../sandbox/sandbox-records.ts";
import type { Runtime } from "./runtime.ts";

/** Which gateway to attach to, and how it was found, in words for the person. */
export type GatewayChoice =
  | (GatewayAddress & {
      readonly kind: "found";
      readonly announcement: string;
      /** Set where it is the sandbox of another terminal. */
      readonly sandbox?: SandboxAccess;
    })
  | { readonly kind: "none"; readonly note: string };

/**
 * Config, then environment, then an OpenClaw of this machine that runs. A
 * gateway that is named but does not answer is chosen all the same: it is not
 * for Clutch to pick another one.
 */
export async function chooseGateway(config: Config, runtime: Runtime): Promise<GatewayChoice> {
  const choice = await look(config, runtime);
  if (choice.kind === "found") {
    runtime.secrets?.push(...secretsInAddress(choice.url), ...(choice.token === undefined ? [] : [choice.token]));
  }
  return choice;
}

async function look(config: Config, runtime: Runtime): Promise<GatewayChoice> {
  const envToken = runtime.env["OPENCLAW_GATEWAY_TOKEN"];
  /** Where this machine's device key lies, for gateways that want more than a token. */
  const stateDir = join(runtime.env["XDG_STATE_HOME"] || join(runtime.home, ".local", "state"), "clutch");
  const withToken = (token: string | undefined) => ({
    stateDir,
    ...(token === undefined || token === "" ? {} : { token }),
  });
  if (config.gateway !== undefined) {
    const { url, token, tlsFingerprint } = config.gateway;
    const announcement = `Gateway ${hostOf(url)}, as ${config.path ?? "the configuration"} says.`;
    const pinned = tlsFingerprint === undefined ? {} : { tlsFingerprint };
    const known = token ?? envToken ?? (await ownToken(url, runtime));
    return { kind: "found", url, ...withToken(known), ...pinned, announcement };
  }
  const envUrl = runtime.env["OPENCLAW_GATEWAY_URL"];
  if (envUrl !== undefined && envUrl !== "") {
    return {
      kind: "found",
      url: envUrl,
      ...withToken(envToken),
      announcement: `Gateway ${hostOf(envUrl)}, as OPENCLAW_GATEWAY_URL says.`,
    };
  }
  const local = await findLocalGateway(runtime);
  if (local.state === "running") {
    const announcement = `Found your OpenClaw: gateway ${hostOf(local.url)}, configured in ${local.configPath}.`;
    return { kind: "found", url: local.url, ...withToken(local.token ?? envToken), announcement };
  }
  return {
    kind: "none",
    note:
      local.state === "stopped"
        ? `OpenClaw is configured in ${local.configPath}, but no gateway answers at ${hostOf(local.url)}.`
        : "No OpenClaw gateway was found on this machine.",
  };
}

/** Of the person's own OpenClaw, from its configuration, where that is the gateway in question. */
async function ownToken(url: string, runtime: Runtime): Promise<string | undefined> {
  const local = await readLocalGateway(runtime);
  const same = local !== undefined && isOneGateway(local.url, url);
  return same ? local.token : undefined;
}

/** The same address, or another name of this machine with the same port. */
export function isOneGateway(one: string, other: string): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other)];
  if (a === null || b === null || a.protocol !== b.protocol || a.port !== b.port) return false;
  return a.host === b.host || [a, b].every(({ hostname }) => classifyHost(hostname) === "loopback");
}

/** For a script: the sandbox that another terminal has open will do as well. Throws `no_gateway`. */
export async function chooseGatewayOrSandbox(
  config: Config,
  runtime: Runtime,
): Promise<Extract<GatewayChoice, { kind: "found" }>> {
  const choice = await chooseGateway(config, runtime);
  if (choice.kind === "found") return choice;
  const sandbox = await findRunningSandbox();
  if (sandbox !== undefined) {
    const { url, token } = sandbox;
    runtime.secrets?.push(token);
    return { kind: "found", url, token, sandbox, announcement: "The sandbox of another terminal." };
  }
  throw new ClutchError("no_gateway", choice.note, {
    hint: "Start it with `openclaw gateway`, name one as gateway.url in clutch.config.json, or try the sandbox: clutch start --sandbox",
  });
}
