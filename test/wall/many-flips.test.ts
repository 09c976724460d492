import { request } from "node:http";
import { expect, it } from "vitest";
import { forget, startRecorder, startWallLab, type Tunnel, tunnelTo } from "./wall-lab.ts";

/** The whole thousand in `npm run test:long`. */
const FLIPS = process.env["CLUTCH_LONG"] === "1" ? 1_000 : 150;

/** Marked by when it was sent; `OPEN` may arrive, `SHUT` never. */
it(`lets nothing out while closed and refuses nothing while open, ${FLIPS} times`, { timeout: 180_000 }, async () => {
  const cloud = await startRecorder((chunk) => (/^GET /.test(chunk.toString("latin1")) ? HTTP_OK : "answer"));
  const friend = await startRecorder(() => "answer");
  const lab = await startWallLab({ allow: ["chat.test"], local: [] });
  lab.names.set("cloud.test", ["127.0.0.1"]);
  lab.names.set("chat.test", ["127.0.0.1"]);
  const target = `cloud.test:${cloud.port}`;
  try {
    const chat = await tunnelTo(lab.port, `chat.test:${friend.port}`);
    const crowd = startCrowd(lab.port, target);
    for (let flip = 0; flip < FLIPS; flip++) {
      const [used, idle] = await Promise.all([tunnelTo(lab.port, target), tunnelTo(lab.port, target)]);
      expect([used.status, idle.status]).toEqual([200, 200]);
      expect(await used.say("OPEN")).toBe("answer");
      const pending = tunnelTo(lab.port, target);

      await lab.client.close(`flip-${flip}`);
      const late = await pending;
      for (const tunnel of [used, idle, late]) tunnel.socket.write("SHUT");
      const [refused, plain] = await Promise.all([tunnelTo(lab.port, target), get(lab.port, target, "SHUT")]);
      expect([refused.status, plain]).toEqual([451, 451]);
      await Promise.all([used.gone, idle.gone]);
      if (flip % 100 === 0) expect(await chat.say("still there?")).toBe("answer");

      await lab.client.open(`flip-${flip}`);
      if (flip % 10 === 0) expect(await get(lab.port, target, "OPEN")).toBe(200);
    }
    const answered = await crowd.stop();
    expect(cloud.text()).toContain("OPEN");
    expect(cloud.text()).not.toContain("SHUT");
    // Whatever else went on meanwhile was let through, refused or cut, and never answered otherwise.
    expect([...answered.keys()].filter((status) => ![200, 451, 0].includes(status))).toEqual([]);
    expect(answered.get(200)).toBeGreaterThan(0);
    expect(lab.wall.status().hosts.find(({ host }) => host === "chat.test")).toMatchObject({ denied: 0, cut: 0 });
  } finally {
    await lab.stop();
    await Promise.all([cloud.close(), friend.close()]);
    forget(lab.directory);
  }
});

const HTTP_OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Others that come and go at any moment. */
function startCrowd(port: number, target: string): { stop(): Promise<Map<number, number>> } {
  const answered = new Map<number, number>();
  let isOver = false;
  const person = async (): Promise<void> => {
    while (!isOver) {
      const tunnel: Tunnel = await tunnelTo(port, target);
      answered.set(tunnel.status, (answered.get(tunnel.status) ?? 0) + 1);
      if (tunnel.status === 200) await tunnel.say("ANY");
      tunnel.socket.destroy();
    }
  };
  const all = Promise.all([person(), person()]);
  return {
    async stop() {
      isOver = true;
      await all;
      return answered;
    },
  };
}

const get = (port: number, host: string, mark: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, path: `http://${host}/${mark}`, agent: false }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.end();
  });
