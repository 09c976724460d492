import { execFile } from "node:child_process";
import { createHash, createPublicKey, verify } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { pino } from "pino";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Device, openDevice } from "../../src/openclaw/device-identity.ts";

const URL_A = "wss://gateway.example:18789";
const URL_B = "wss://other.example:18789";
const TOKEN = { role: "operator", token: "device-token-1", scopes: ["operator.read"] };

let root: string;
let dir: string;
let said: string[];
const logger = pino({ level: "trace" }, { write: (line: string) => said.push(line) });
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "clutch-device-"));
  dir = join(root, "state", "clutch");
  said = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (url = URL_A): Device => openDevice(dir, url, logger);
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;
const deps = (device: Device) => device.clientOptions.hostDeps;
const identity = (device: Device) => {
  const found = device.clientOptions.deviceIdentity;
  if (found === null) throw new Error("no identity");
  return found;
};
const keep = (device: Device, token = TOKEN): void =>
  deps(device).storeDeviceAuthToken?.({ deviceId: device.id, ...token });
const kept = (device: Device) => deps(device).loadDeviceAuthToken?.({ deviceId: device.id, role: "operator" });

describe("the key", () => {
  it("is made once, for this user alone, and nothing else is left behind", async () => {
    const first = open();
    expect(open().id).toBe(first.id);
    expect(await readdir(dir)).toEqual(["device.json"]);
    expect(await modeOf(dir)).toBe(0o700);
    expect(await modeOf(join(dir, "device.json"))).toBe(0o600);
  });

  it("is named by the hash of its raw public key, and signs so that the key it shows can verify", () => {
    const device = open();
    const { privateKeyPem, publicKeyPem } = identity(device);
    const shown = deps(device).publicKeyRawBase64UrlFromPem?.(publicKeyPem) ?? "";
    const raw = Buffer.from(shown, "base64url");
    expect(raw).toHaveLength(32);
    expect(createHash("sha256").update(raw).digest("hex")).toBe(device.id);
    const signature = deps(device).signDevicePayload?.(privateKeyPem, "v3|challenge") ?? "";
    const key = createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: shown } });
    expect(verify(null, Buffer.from("v3|challenge"), key, Buffer.from(signature, "base64url"))).toBe(true);
    expect(verify(null, Buffer.from("v3|challenge."), key, Buffer.from(signature, "base64url"))).toBe(false);
  });

  it("is one key, however many processes make it at the same moment", async () => {
    const script = `import { openDevice } from ${JSON.stringify(join(process.cwd(), "src/openclaw/device-identity.ts"))};
      const logger = { info() {}, warn() {} };
      console.log(openDevice(${JSON.stringify(dir)}, ${JSON.stringify(URL_A)}, logger).id);`;
    const run = promisify(execFile);
    const ids = await Promise.all(
      [1, 2, 3, 4].map(async () => (await run(process.execPath, ["--input-type=module", "-e", script])).stdout.trim()),
    );
    expect(new Set(ids)).toEqual(new Set([open().id]));
    expect(await readdir(dir)).toEqual(["device.json"]);
  });

  it.each([0o644, 0o640, 0o660, 0o606])("mode %o is narrowed, and the log says so", async (mode) => {
    const { id } = open();
    await chmod(join(dir, "device.json"), mode);
    said = [];
    expect(open().id).toBe(id);
    expect(await modeOf(join(dir, "device.json"))).toBe(0o600);
    expect(said.join("")).toContain("could be read by others");
  });

  it.each([
    ["not JSON", "{"],
    ["no key", JSON.stringify({ version: 1, privateKey: "hunter2" })],
    ["of a later version", JSON.stringify({ version: 2, privateKey: "x" })],
  ])("a damaged file is kept and refused: %s", async (_, text) => {
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await writeFile(join(dir, "device.json"), text, { mode: 0o600 });
    expect(() => open()).toThrow(expect.objectContaining({ code: "bad_config" }));
    expect(() => open()).not.toThrow(/hunter2/);
    expect(await readFile(join(dir, "device.json"), "utf8")).toBe(text);
  });

  it("a link in its place is refused", async () => {
    open();
    await mkdir(join(root, "elsewhere"));
    await symlink(join(dir, "device.json"), join(root, "elsewhere", "device.json"));
    dir = join(root, "elsewhere");
    expect(() => open()).toThrow(expect.objectContaining({ code: "bad_config" }));
  });

  it("a directory that others can write is refused before a key lies in it", async () => {
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o777);
    expect(() => open()).toThrow(expect.objectContaining({ code: "bad_config" }));
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("the device token", () => {
  it("is kept for the gateway that issued it and for no other", async () => {
    const device = open();
    expect(device.hasToken()).toBe(false);
    keep(device);
    expect(await modeOf(join(dir, "device-tokens.json"))).toBe(0o600);
    expect(kept(open())).toMatchObject({ token: "device-token-1", scopes: ["operator.read"] });
    expect(open().hasToken()).toBe(true);
    expect(open(URL_B).hasToken()).toBe(false);
    keep(open(URL_B), { ...TOKEN, token: "device-token-2" });
    open(URL_B).forgetToken();
    expect(kept(open())?.token).toBe("device-token-1");
  });

  it("does not serve another key or role", async () => {
    keep(open());
    expect(deps(open()).loadDeviceAuthToken?.({ deviceId: "other", role: "operator" })).toBeNull();
    expect(deps(open()).loadDeviceAuthToken?.({ deviceId: open().id, role: "node" })).toBeNull();
    await rm(join(dir, "device.json"));
    expect(open().hasToken()).toBe(false);
  });

  it("a damaged file only costs the tokens", async () => {
    keep(open());
    await writeFile(join(dir, "device-tokens.json"), "{");
    const device = open();
    expect(device.hasToken()).toBe(false);
    keep(device);
    expect(open().hasToken()).toBe(true);
  });

  it("a token that cannot be written serves this run all the same", async () => {
    const device = open();
    await mkdir(join(dir, "device-tokens.json"));
    keep(device);
    expect(device.hasToken()).toBe(true);
    device.forgetToken();
    expect(device.hasToken()).toBe(false);
    expect(said.join("")).toContain("could not be kept");
    expect(said.join("")).not.toContain("device-token-1");
  });
});
