import { writeSync } from "node:fs";
import { createGatewayStandIn, serveGateway } from "./gateway-stand-in.ts";
import { startWall } from "./lock-lab.ts";

/**
 * A wall or a gateway in a process of its own, to be killed: `outside-child.ts
 * wall|gateway DIRECTORY PORT`. Says when it is there, and ends with who started it.
 */
const [kind, directory = "", port = "0"] = process.argv.slice(2);
if (kind === "wall") await startWall(directory, Date.now, Number(port));
else await serveGateway(directory, createGatewayStandIn(directory));
process.stdin.on("end", () => process.exit()).resume();
writeSync(1, "there\n");
