import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/**
 * Stands in for OpenClaw where only the handling of its process is tested, run as
 * `fake-gateway.ts MODE gateway run`. It is ready at once, unless its mode says otherwise.
 */
const mode = process.argv[2] ?? "";
const config = JSON.parse(readFileSync(process.env["OPENCLAW_CONFIG_PATH"] ?? "", "utf8")) as {
  gateway: { port: number; auth: { token: string } };
};
const say = (text: string): unknown => process.stdout.write(`${text}\n`);

say(`\u001b[36m[gateway]\u001b[39m loading configuration…`);
say(`environment: ${JSON.stringify(process.env)}`);
if (mode === "bad-config") {
  process.stderr.write(`token ${config.gateway.auth.token} is fine, but models.mode is not\n`);
  process.exit(78);
}
if (mode === "stubborn") process.on("SIGTERM", () => say("no"));
if (mode === "brood") {
  // As OpenClaw's spawn broker: a session of its own, and nobody tells it to go.
  spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { detached: true, stdio: "ignore" }).unref();
}
createServer((_, response) => {
  response.setHeader("content-type", "application/json");
  response.statusCode = mode === "never-ready" ? 503 : 200;
  response.end(JSON.stringify({ ready: mode !== "never-ready" }));
}).listen(config.gateway.port, "127.0.0.1");
