import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createWallClient } from "../../src/wall/wall-client.ts";
import { forget, portOf, type Recorder, startRecorder, temporaryDirectory, tunnelTo } from "./wall-lab.ts";

let directory: string;
let cloud: Recorder;
const children = new Set<ChildProcess>();

beforeEach(async () => {
  directory = temporaryDirectory();
  cloud = await startRecorder(() => "from the cloud");
});

afterEach(async () => {
  await Promise.all([...children].map(kill));
  await cloud.close();
  forget(directory);
});

async function kill(child: ChildProcess): Promise<void> {
  children.delete(child);
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

async function startChild(): Promise<{ child: ChildProcess; port: number }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "wall-child.ts"), directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { child, port: portOf(line.toString().trim()) };
}

it("is closed again from the first connection on after a kill, and open again after another", async () => {
  const client = createWallClient({ directory });
  const target = `127.0.0.1:${cloud.port}`;
  let { child, port } = await startChild();
  const tunnel = await tunnelTo(port, target);
  expect(await tunnel.say("while open")).toBe("from the cloud");
  await client.close("one");
  await kill(child);
  expect(await client.status()).toBeUndefined();

  ({ child, port } = await startChild());
  expect((await tunnelTo(port, target)).status).toBe(451);
  expect(await client.status()).toMatchObject({ closed: true, id: "one" });
  expect(cloud.connections()).toBe(1);
  await client.open("one");
  await kill(child);

  ({ child, port } = await startChild());
  expect(await (await tunnelTo(port, target)).say("while open")).toBe("from the cloud");
});

it("is open or closed, never between, after a kill at any moment of a closing", async () => {
  const client = createWallClient({ directory });
  for (let round = 0; round < 6; round++) {
    const { child, port } = await startChild();
    const id = `round-${round}`;
    const answered = client.close(id).then(
      () => true,
      () => false,
    );
    if (round % 2 === 0) await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, round))]);
    await kill(child);
    const wasAnswered = await answered;
    expect(port).toBeGreaterThan(0);
    const again = await startChild();
    const state = await client.status();
    // What was answered holds; what was not may hold or not.
    if (wasAnswered) expect(state).toMatchObject({ closed: true, id });
    expect(state?.damage).toBeUndefined();
    expect((await tunnelTo(again.port, `127.0.0.1:${cloud.port}`)).status).toBe(state?.closed === true ? 451 : 200);
    if (state?.closed === true) await client.open(id);
    await kill(again.child);
  }
});
