import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { forget, startRecorder, startWallLab, type WallLab } from "../wall/wall-lab.ts";

/** What a browser sends to a port of this machine, and what comes back. */
function fromPage(port: number, request: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let said = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      said += text;
    });
    socket.on("error", () => undefined);
    socket.once("close", () => resolve(said));
    socket.write(request);
  });
}

describe("a page that reaches for the wall's proxy under a name of its own", () => {
  let lab: WallLab;
  let inside: Awaited<ReturnType<typeof startRecorder>>;
  beforeAll(async () => {
    lab = await startWallLab();
    inside = await startRecorder(() => "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
    lab.names.set("evil.example", ["127.0.0.1"]);
  });
  afterAll(async () => {
    await lab?.stop();
    await inside?.close();
    if (lab !== undefined) forget(lab.directory);
  });

  it.each([
    { what: "an ordinary request", line: (host: string) => `GET / HTTP/1.1\r\nHost: ${host}` },
    {
      what: "a form",
      line: (host: string) =>
        `POST /close HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://evil.example\r\nContent-Length: 0`,
    },
    {
      what: "a preflight",
      line: (host: string) =>
        `OPTIONS / HTTP/1.1\r\nHost: ${host}\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: POST`,
    },
    {
      what: "a WebSocket",
      line: (host: string) =>
        `GET / HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==`,
    },
  ])("gets nothing by $what, and nothing is fetched for it", async ({ line }) => {
    const request = line(`evil.example:${inside.port}`);
    const end = request.includes("Connection:") ? "" : "\r\nConnection: close";
    const answer = await fromPage(lab.port, `${request}${end}\r\n\r\n`);
    expect(answer).toMatch(/^(HTTP\/1\.1 4\d\d|$)/);
    expect(answer.toLowerCase()).not.toContain("access-control-allow");
    expect(inside.connections()).toBe(0);
    expect(lab.wall.status().closed).toBe(false);
  });
});
