import { modelsDisk } from "../hardware/models-disk.ts";
import { type Check, ok, skipped, warning } from "./check.ts";
import { bytes } from "./words.ts";

/** A small model of use to an agent takes about this much, bytes. */
const ONE_MODEL = 10e9;

export const modelSpaceCheck: Check = {
  part: "disk",
  name: "Where models are",
  async look({ config, system, env, home }) {
    const disk = await modelsDisk(system, { env, home });
    if (disk === undefined) return skipped("This system does not tell how much is free for models.");
    const found = `${bytes(disk.freeBytes)} are free for models in ${disk.path}`;
    const isUsed =
      (await system.exists(disk.path)) || Object.values(config.servers).some(({ kind }) => kind === "ollama");
    if (!isUsed || disk.freeBytes >= ONE_MODEL) return ok(`${found}.`);
    return warning(
      `${found}: no further model would fit, and one that is updated needs the room twice.`,
      "ollama list shows what is there, ollama rm NAME removes one",
    );
  },
};
