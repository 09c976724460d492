import { pino } from "pino";
import { createWall } from "../../src/wall/wall.ts";

/** A wall in a process of its own, to be killed: `wall-child.ts DIRECTORY`. Prints its address. */
const [directory = ""] = process.argv.slice(2);
const wall = await createWall({
  listen: { host: "127.0.0.1", port: 0 },
  directory,
  rules: { allow: [], local: [] },
  resolve: async () => [],
  clock: Date.now,
  logger: pino({ level: "silent" }),
});
process.stdout.write(`${wall.status().listen}\n`);
