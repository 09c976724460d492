import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  forget,
  type Recorder,
  startRecorder,
  startWallLab,
  temporaryDirectory,
  tunnelTo,
  type WallLab,
} from "./wall-lab.ts";

const isHttp = (chunk: Buffer): boolean => /^(GET|POST) /.test(chunk.toString("latin1"));
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

let cloud: Recorder;
let friend: Recorder;
let lab: WallLab;
let directory: string;

beforeEach(async () => {
  directory = temporaryDirectory();
  cloud = await startRecorder((chunk) => (isHttp(chunk) ? OK : "from the cloud"));
  friend = await startRecorder((chunk) => (isHttp(chunk) ? OK : "from a friend"));
  lab = await begin();
});

afterEach(async () => {
  await lab.stop();
  await Promise.all([cloud.close(), friend.close()]);
  forget(directory);
});

/** `chat.test` may always be reached, `box.lan` is a model server of this network, `cloud.test` is neither. */
async function begin(): Promise<WallLab> {
  const started = await startWallLab({ allow: ["chat.test"], local: [`box.lan:${friend.port}`] }, { directory });
  started.names.set("cloud.test", ["127.0.0.1"]);
  started.names.set("chat.test", ["127.0.0.1"]);
  started.names.set("eu.chat.test", ["127.0.0.1"]);
  started.names.set("box.lan", ["127.0.0.1"]);
  return started;
}

const get = (host: string, agent: Agent | false = false): Promise<{ status: number; body: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(
      { host: "127.0.0.1", port: lab.port, path: `http://${host}/v1/secret-path?q=1`, headers: { host }, agent },
      (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => {
          body += chunk.toString();
        });
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    sent.on("error", reject);
    sent.end();
  });

describe("an open wall", () => {
  it("passes tunnels and plain requests, and counts them", async () => {
    const tunnel = await tunnelTo(lab.port, `cloud.test:${cloud.port}`);
    expect(tunnel.status).toBe(200);
    expect(await tunnel.say("hello")).toBe("from the cloud");
    expect(await get(`cloud.test:${cloud.port}`)).toEqual({ status: 200, body: "ok" });
    const { closed, connections, totals, hosts } = lab.wall.status();
    expect({ closed, connections, totals }).toEqual({
      closed: false,
      connections: 1,
      totals: { passed: 2, denied: 0, cut: 0, failed: 0 },
    });
    expect(hosts).toMatchObject([{ host: "cloud.test", passed: 2, denied: 0, lastReason: "open" }]);
    tunnel.socket.destroy();
    await vi.waitFor(() => expect(lab.wall.status().connections).toBe(0));
  });

  it("says 502 for a name that does not exist, and goes on", async () => {
    expect((await tunnelTo(lab.port, "nowhere.test:443")).status).toBe(502);
    expect((await get("nowhere.test")).status).toBe(502);
    expect(lab.wall.status().totals).toMatchObject({ passed: 0, failed: 2 });
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(200);
  });

  it("survives requests that are none", async () => {
    expect((await tunnelTo(lab.port, "no-port")).status).toBe(400);
    expect((await tunnelTo(lab.port, "[::1:443")).status).toBe(400);
    expect((await get("%zz")).status).toBe(400);
    expect((await get(`cloud.test:${cloud.port}`)).status).toBe(200);
  });
});

describe("a closed wall", () => {
  it("refuses what is not named with 451 and a word why, without asking DNS", async () => {
    await lab.client.close("one");
    const before = lab.asked.length;
    const tunnel = await tunnelTo(lab.port, `cloud.test:${cloud.port}`);
    expect(tunnel.status).toBe(451);
    expect(tunnel.body).toMatch(/^Local-only mode is on/);
    const plain = await get(`cloud.test:${cloud.port}`);
    expect(plain.status).toBe(451);
    expect(plain.body).toMatch(/^Local-only mode is on/);
    expect(cloud.connections()).toBe(0);
    expect(lab.asked.length).toBe(before);
    expect(lab.wall.status().totals.denied).toBe(2);
  });

  it.each([
    ["a named host", () => `chat.test:${friend.port}`],
    ["what is below it", () => `eu.chat.test:${friend.port}`],
    ["a local server", () => `box.lan:${friend.port}`],
  ])("passes %s", async (_, target) => {
    await lab.client.close("one");
    const tunnel = await tunnelTo(lab.port, target());
    expect(await tunnel.say("hello")).toBe("from a friend");
    expect((await get(target())).status).toBe(200);
  });

  it("passes what the closing names, until it ends", async () => {
    const target = `127.0.0.1:${friend.port}`;
    await lab.client.close("one");
    expect((await tunnelTo(lab.port, target)).status).toBe(451);
    await lab.client.close("one", { allow: [], local: [target] });
    for (const spelling of [target, `localhost:${friend.port}`, `0x7f.1:${friend.port}`, `2130706433:${friend.port}`]) {
      if (spelling.startsWith("localhost")) lab.names.set("localhost", ["127.0.0.1"]);
      const tunnel = await tunnelTo(lab.port, spelling);
      expect(await tunnel.say("hello"), spelling).toBe("from a friend");
      tunnel.socket.destroy();
    }
    expect((await lab.client.status())?.rules.local).toEqual([`box.lan:${friend.port}`, target]);
    await lab.client.open("one");
    await lab.client.close("two");
    expect((await tunnelTo(lab.port, target)).status).toBe(451);
  });

  it("cuts what stands and is not named, and nothing else", async () => {
    const [toCloud, idle, toChat, toBox] = await Promise.all(
      [
        `cloud.test:${cloud.port}`,
        `cloud.test:${cloud.port}`,
        `chat.test:${friend.port}`,
        `box.lan:${friend.port}`,
      ].map((target) => tunnelTo(lab.port, target)),
    );
    expect(await toCloud?.say("streaming")).toBe("from the cloud");
    expect(await toChat?.say("streaming")).toBe("from a friend");
    const { connections } = await lab.client.close("one");
    expect(connections).toBe(2);
    const before = cloud.bytes();
    await Promise.all([toCloud?.gone, idle?.gone]);
    expect(await toCloud?.say("more")).toBeUndefined();
    expect(await toChat?.say("more")).toBe("from a friend");
    expect(await toBox?.say("more")).toBe("from a friend");
    expect(cloud.bytes()).toBe(before);
    expect(lab.wall.status().totals.cut).toBe(2);
  });

  it("cuts a plain request in flight, and judges a pooled connection anew", async () => {
    const silent = await startRecorder(() => undefined);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      expect((await get(`cloud.test:${cloud.port}`, agent)).status).toBe(200);
      const waiting = get(`cloud.test:${silent.port}`);
      const outcome = expect(waiting).rejects.toThrow();
      await vi.waitFor(() => expect(silent.connections()).toBe(1));
      await lab.client.close("one");
      await outcome;
      expect((await get(`cloud.test:${cloud.port}`, agent)).status).toBe(451);
      expect(cloud.connections()).toBe(1);
    } finally {
      agent.destroy();
      await silent.close();
    }
  });

  it("reads its state again when DNS has answered", async () => {
    const answer = Promise.withResolvers<readonly string[]>();
    lab.names.set("slow.test", () => answer.promise);
    const pending = tunnelTo(lab.port, `slow.test:${cloud.port}`);
    await vi.waitFor(() => expect(lab.asked).toContain("slow.test"));
    await lab.client.close("one");
    answer.resolve(["127.0.0.1"]);
    expect((await pending).status).toBe(451);
    expect(cloud.connections()).toBe(0);
  });

  it("connects to the address that it judged, whatever DNS says next", async () => {
    await lab.client.close("one");
    const answers: (readonly string[])[] = [["127.0.0.1"], ["203.0.113.1"]];
    lab.names.set("box.lan", async () => answers.shift() ?? ["203.0.113.1"]);
    const tunnel = await tunnelTo(lab.port, `box.lan:${friend.port}`);
    expect(await tunnel.say("hello")).toBe("from a friend");
    expect(lab.asked).toEqual(["box.lan"]);
    expect((await tunnelTo(lab.port, `box.lan:${friend.port}`)).status).toBe(451);
    expect(lab.wall.status().hosts[0]).toMatchObject({ host: "box.lan", denied: 1, lastReason: "not-private" });
  });

  it("opens again at once", async () => {
    await lab.client.close("one");
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(451);
    expect(await lab.client.open("one")).toMatchObject({ closed: false, id: "one" });
    const tunnel = await tunnelTo(lab.port, `cloud.test:${cloud.port}`);
    expect(await tunnel.say("hello")).toBe("from the cloud");
  });
});

describe("control", () => {
  it("does the same twice, and lets nobody undo another's closing", async () => {
    const first = await lab.client.close("one");
    expect(await lab.client.close("one")).toMatchObject({ closed: true, id: "one", at: first.at });
    await expect(lab.client.close("two")).rejects.toMatchObject({ code: "changed_meanwhile" });
    await expect(lab.client.open("two")).rejects.toMatchObject({ code: "changed_meanwhile" });
    expect(await lab.client.status()).toMatchObject({ closed: true, id: "one" });
    await lab.client.open("one");
    expect(await lab.client.open("one")).toMatchObject({ closed: false });
    await expect(lab.client.close("one")).rejects.toMatchObject({ code: "changed_meanwhile" });
    expect(await lab.client.close("two")).toMatchObject({ closed: true, id: "two" });
  });

  it("lets exactly one of many closings win", async () => {
    const ids = Array.from({ length: 20 }, (_, index) => `person-${index}`);
    const results = await Promise.allSettled(ids.map((id) => lab.client.close(id)));
    const winners = ids.filter((_, index) => results[index]?.status === "fulfilled");
    expect(winners).toHaveLength(1);
    expect(await lab.client.status()).toMatchObject({ closed: true, id: winners[0] });
  });

  it("refuses rules that it cannot read, and stays as it is", async () => {
    await expect(lab.client.close("one", { allow: ["*"], local: [] })).rejects.toMatchObject({ code: "bad_option" });
    await expect(lab.client.close("")).rejects.toMatchObject({ code: "bad_option" });
    expect(await lab.client.status()).toMatchObject({ closed: false });
  });

  it("is for its owner only, and has the state on the disk when it answers", async () => {
    await lab.client.close("one");
    const mode = (path: string): number => statSync(path).mode & 0o777;
    expect(mode(directory)).toBe(0o700);
    expect(mode(join(directory, "wall.sock"))).toBe(0o600);
    expect(mode(join(directory, "wall.json"))).toBe(0o600);
    expect(JSON.parse(readFileSync(join(directory, "wall.json"), "utf8"))).toMatchObject({ closed: true, id: "one" });
  });

  it("says that no wall runs", async () => {
    await lab.stop();
    expect(await lab.client.status()).toBeUndefined();
    await expect(lab.client.close("one")).rejects.toMatchObject({ code: "server_unreachable" });
    lab = await begin();
  });

  it("keeps numbers and hosts in its log and its status, and nothing of what was asked", async () => {
    await get(`cloud.test:${cloud.port}`);
    expect(cloud.text()).toContain("secret-path");
    expect(JSON.stringify(lab.wall.status())).not.toContain("secret-path");
  });
});

describe("over restarts", () => {
  it("stays closed with what its closing names, from the first connection on", async () => {
    await lab.client.close("one", { allow: [`cloud.test:${friend.port}`], local: [] });
    await lab.stop();
    lab = await begin();
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(451);
    expect((await tunnelTo(lab.port, `cloud.test:${friend.port}`)).status).toBe(200);
    expect(await lab.client.open("one")).toMatchObject({ closed: false });
  });

  it.each([
    ["empty", ""],
    ["cut off", '{"version":1,"closed":fa'],
    ["of another version", '{"version":2,"closed":false,"id":"","at":0,"rules":{"allow":[],"local":[]}}'],
    [
      "with rules that cannot be read",
      '{"version":1,"closed":false,"id":"","at":0,"rules":{"allow":["*"],"local":[]}}',
    ],
    ["something else", '"open"'],
  ])("is closed where its state is %s, and can be taken over", async (_, text) => {
    await lab.stop();
    writeFileSync(join(directory, "wall.json"), text);
    lab = await begin();
    expect(await lab.client.status()).toMatchObject({ closed: true, id: "damaged", damage: "is damaged" });
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(451);
    expect((await tunnelTo(lab.port, `chat.test:${friend.port}`)).status).toBe(200);
    const repaired = await lab.client.close("mine");
    expect(repaired).toMatchObject({ closed: true, id: "mine" });
    expect(repaired.damage).toBeUndefined();
    await lab.client.open("mine");
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(200);
  });

  it("can be opened over a damaged state", async () => {
    await lab.stop();
    writeFileSync(join(directory, "wall.json"), "{");
    lab = await begin();
    expect(await lab.client.open("damaged")).toMatchObject({ closed: false });
  });

  it("refuses a second wall and leaves the first alone", async () => {
    await expect(begin()).rejects.toMatchObject({
      code: "bad_config",
      message: expect.stringContaining("running already"),
    });
    expect(await lab.client.status()).toMatchObject({ closed: false });
  });
});

describe("a state that cannot be written", () => {
  it("closes all the same, says so, and stays closed until it can be", async () => {
    // Not even root can put a file in the place of a directory.
    mkdirSync(join(directory, "wall.json"));
    await expect(lab.client.close("one")).rejects.toMatchObject({ code: "store_failed" });
    await expect(lab.client.open("one")).rejects.toMatchObject({ code: "store_failed" });
    expect((await tunnelTo(lab.port, `cloud.test:${cloud.port}`)).status).toBe(451);
    rmSync(join(directory, "wall.json"), { recursive: true });
    expect(await lab.client.close("one")).toMatchObject({ closed: true });
    expect(JSON.parse(readFileSync(join(directory, "wall.json"), "utf8"))).toMatchObject({ closed: true, id: "one" });
  });

  it("is closed where the state is there and cannot be read", async () => {
    await lab.stop();
    mkdirSync(join(directory, "wall.json"));
    lab = await begin();
    expect(await lab.client.status()).toMatchObject({ closed: true, damage: "cannot be read (EISDIR)" });
  });
});
