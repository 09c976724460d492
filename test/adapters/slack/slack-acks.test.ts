import { expect, it, vi } from "vitest";
import { MODES, openSlack } from "./slack-harness.ts";
import { modelCore } from "./test-core.ts";

it.each(MODES)(
  "by %s each acknowledgement is told, with how long it took, and a refused request is none",
  async (mode) => {
    const took: number[] = [];
    const { slack, start } = await openSlack(mode, { onAcknowledged: (ms) => void took.push(ms) });
    await start(modelCore().dispatch);
    const ann = slack.person();
    for (const line of ["one", "two"]) expect((await ann.slash("/model", line)).acked).toBe(true);
    await vi.waitFor(() => expect(took).toHaveLength(2));
    expect(took.every((ms) => ms >= 0)).toBe(true);
    if (mode !== "http") return;
    await slack.deliver(slack.app, "slash_commands", ann.payload("slash", "/model", "x"), { signature: "v0=" });
    expect(took).toHaveLength(2);
  },
);
