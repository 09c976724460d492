import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { App } from "../../src/app.ts";
import { initOffers, type OfferView } from "../../src/cli/init-offers.ts";
import { defaultConfig } from "../../src/config.ts";
import { startWallLab, type WallLab } from "../wall/wall-lab.ts";
import { type PersonMachine, personMachine } from "./person-machine.ts";

// As in the image, which has no systemctl.

let machine: PersonMachine;
let lab: WallLab | undefined;
beforeEach(() => {
  machine = personMachine();
  vi.stubEnv("PATH", machine.dir);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await lab?.stop();
  lab = undefined;
  machine.clear();
});

/** `pointed`: OpenClaw goes through the wall already. */
async function look(listen: string, pointed = false): Promise<OfferView> {
  const config = { ...defaultConfig, wall: { ...defaultConfig.wall, listen } };
  const change = { path: ["proxy", "enabled"], name: "proxy.enabled", before: null, after: true };
  const app = {
    connection: { url: "ws://127.0.0.1:18789" },
    changes: { preview: async () => (pointed ? [] : [change]) },
  } as unknown as App;
  let view: OfferView | undefined;
  await machine.run(async (runtime) => {
    const offers = initOffers({ app, config, runtime, command: ["clutch"], helpers: undefined, platforms: [] });
    view = await offers.find(({ name }) => name === "wall")?.look();
    return 0;
  });
  if (view === undefined) throw new Error("there is no offer of the wall");
  return view;
}

it("is possible without systemd where a wall answers that somebody started, and writes no unit", async () => {
  lab = await startWallLab(undefined, { directory: join(machine.home, ".local/state/clutch") });
  const { listen } = lab.wall.status();
  const view = await look(listen);
  expect(view.state).toBe("possible");
  expect(view.lines.join("\n")).toMatch(/the wall that runs already is used\.[\s\S]*proxy\.enabled: unset -> true/);
  expect(view.lines.join("\n")).not.toContain("[Unit]");
  expect((await look(listen, true)).state).toBe("done");
});

it("is impossible without systemd where no wall answers, or one elsewhere, and says what to start", async () => {
  const view = { state: "impossible", lines: [expect.stringContaining("clutch wall run")] };
  expect(await look("127.0.0.1:3128")).toEqual(view);
  lab = await startWallLab(undefined, { directory: join(machine.home, ".local/state/clutch") });
  expect(await look("127.0.0.1:1")).toEqual(view);
});
