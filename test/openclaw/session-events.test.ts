import { pino } from "pino";
import { afterEach, expect, it, vi } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import type { ConnectionState, GatewayConnection } from "../../src/openclaw/connection.ts";
import { followSessions } from "../../src/openclaw/session-events.ts";

afterEach(() => vi.useRealTimers());

it("a gateway that refuses the subscription is asked again while the connection stays, and no more once it is closed", async () => {
  vi.useFakeTimers();
  let refuses = true;
  let phase: ConnectionState["phase"] = "ready";
  const request = vi.fn(async () => {
    if (refuses) throw new ClutchError("gateway_refused", "The gateway is about to be suspended.");
  });
  const states = new Set<() => void>();
  const events = followSessions(
    {
      request,
      state: () => ({ phase }),
      onState: (listener: () => void) => {
        states.add(listener);
        return () => states.delete(listener);
      },
      onEvent: () => () => undefined,
    } as unknown as GatewayConnection,
    pino({ level: "silent" }),
  );
  const heard: string[] = [];
  events.on(({ kind }) => heard.push(kind));
  await vi.advanceTimersByTimeAsync(11_000);
  expect(request).toHaveBeenCalledTimes(3);

  phase = "closed" as typeof phase;
  for (const tell of states) tell();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(request).toHaveBeenCalledTimes(3);

  phase = "ready";
  for (const tell of states) tell();
  refuses = false;
  await vi.advanceTimersByTimeAsync(6_000);
  expect(heard).toEqual(["subscribed"]);

  refuses = true;
  for (const tell of states) tell();
  await vi.advanceTimersByTimeAsync(1_000);
  const asked = request.mock.calls.length;
  events.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(request).toHaveBeenCalledTimes(asked);
});
