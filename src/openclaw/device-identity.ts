import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { join } from "node:path";
import { type GatewayClientOptions, gatewayOriginScope } from "@openclaw/gateway-client";
import type { Logger } from "pino";
import { z } from "zod";
import { ClutchError } from "../errors.ts";
import { createPrivateFile, readPrivateFile, writePrivateFile } from "./private-file.ts";

/**
 * Clutch as a device of its own towards one gateway: an Ed25519 key that signs
 * the gateway's challenge, and the token that the gateway issued to that key
 * when a person approved it.
 */
export interface Device {
  /** Hex SHA-256 of the raw public key, by which OpenClaw lists the device. */
  readonly id: string;
  /** True once the gateway has issued a token that still stands. */
  hasToken(): boolean;
  forgetToken(): void;
  /** What the gateway client wants of a device. */
  readonly clientOptions: Required<Pick<GatewayClientOptions, "deviceIdentity" | "hostDeps">>;
}

const KEY_FILE = "device.json";
const TOKENS_FILE = "device-tokens.json";

const keyFile = z.object({ version: z.literal(1), privateKey: z.string() });
const tokenRecord = z.object({
  deviceId: z.string(),
  role: z.string(),
  token: z.string().min(1),
  scopes: z.array(z.string()),
});
const tokensFile = z.object({ version: z.literal(1), gateways: z.record(z.string(), tokenRecord) });
type Tokens = z.output<typeof tokensFile>;

/**
 * The device of `stateDir`, made there on first use: `device.json` with the
 * key, `device-tokens.json` with one token for each gateway, both 0600 in a
 * directory of 0700. Throws `bad_config` where they cannot be kept safely or
 * are damaged; a damaged key is never replaced, since that would undo every
 * pairing.
 */
export function openDevice(stateDir: string, gatewayUrl: string, logger: Logger): Device {
  const privateKey = loadOrCreateKey(join(stateDir, KEY_FILE), logger);
  const raw = rawPublicKey(privateKey);
  const id = createHash("sha256").update(raw).digest("hex");
  const tokens = openTokens(join(stateDir, TOKENS_FILE), gatewayOriginScope(gatewayUrl), logger);
  const publicKeyPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  const privateKeyPem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    id,
    hasToken: () => tokens.load()?.deviceId === id,
    forgetToken: () => tokens.clear(),
    clientOptions: {
      deviceIdentity: { deviceId: id, publicKeyPem, privateKeyPem },
      hostDeps: {
        signDevicePayload: (pem, payload) => sign(null, Buffer.from(payload), pem).toString("base64url"),
        publicKeyRawBase64UrlFromPem: (pem) => rawPublicKey(createPublicKey(pem)).toString("base64url"),
        loadDeviceAuthToken({ deviceId, role }) {
          const kept = tokens.load();
          return kept?.deviceId === deviceId && kept.role === role ? kept : null;
        },
        storeDeviceAuthToken: ({ deviceId, role, token, scopes }) => tokens.store({ deviceId, role, token, scopes }),
        clearDeviceAuthToken: () => tokens.clear(),
      },
    },
  };
}

function loadOrCreateKey(path: string, logger: Logger): KeyObject {
  const text = readPrivateFile(path, logger);
  if (text !== undefined) return parseKey(text, path);
  const { privateKey } = generateKeyPairSync("ed25519");
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  if (createPrivateFile(path, `${JSON.stringify({ version: 1, privateKey: pem }, undefined, 2)}\n`)) {
    logger.info({ path }, "device key created");
    return privateKey;
  }
  return parseKey(readPrivateFile(path, logger) ?? "", path);
}

function parseKey(text: string, path: string): KeyObject {
  try {
    const key = createPrivateKey(keyFile.parse(JSON.parse(text)).privateKey);
    if (key.asymmetricKeyType === "ed25519") return key;
  } catch {
    // Neither the text nor the parser's message, which may quote it, belongs into an error.
  }
  throw new ClutchError("bad_config", `${path} is not a device key that Clutch can read.`, {
    hint: "Restore it from a backup. Or move it away: Clutch makes a new key, which has to be approved again.",
  });
}

/** The last 32 bytes of the DER form are the key itself. */
function rawPublicKey(key: KeyObject): Buffer {
  const publicKey = key.type === "private" ? createPublicKey(key) : key;
  return publicKey.export({ type: "spki", format: "der" }).subarray(-32);
}

/** The tokens are the gateway's to issue anew, so what happens to the file never stops a connection. */
function openTokens(path: string, gateway: string, logger: Logger) {
  const read = (): Tokens => {
    try {
      const text = readPrivateFile(path, logger);
      if (text !== undefined) return tokensFile.parse(JSON.parse(text));
    } catch {
      logger.warn({ path }, "the device tokens cannot be read; the gateway is asked for a new one");
    }
    return { version: 1, gateways: {} };
  };
  const write = (change: (gateways: Tokens["gateways"]) => void): void => {
    try {
      const tokens = read();
      change(tokens.gateways);
      writePrivateFile(path, `${JSON.stringify(tokens, undefined, 2)}\n`);
    } catch (error) {
      logger.warn({ path, err: error }, "the device token could not be kept");
    }
  };
  let kept = read().gateways[gateway];
  return {
    load: () => kept,
    store(record: z.output<typeof tokenRecord>) {
      if (kept?.deviceId === record.deviceId && kept.token === record.token) return;
      kept = record;
      write((gateways) => {
        gateways[gateway] = record;
      });
    },
    clear() {
      if (kept === undefined) return;
      kept = undefined;
      write((gateways) => {
        delete gateways[gateway];
      });
    },
  };
}
