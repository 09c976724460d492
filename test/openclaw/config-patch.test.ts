import { expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createConfigPatch } from "../../src/openclaw/config-patch.ts";

const PERSISTED =
  "OpenClaw refused config.patch: config.patch persisted but was not applied to the active Gateway (failed)";

/** A gateway that refuses the patch with these words, and has applied it from the given look at it on. */
function gateway(refusal: string, appliedAtLook: number) {
  const asked: string[] = [];
  let looks = 0;
  return {
    asked,
    async request(method: string): Promise<unknown> {
      asked.push(method);
      if (method === "config.patch") throw new ClutchError("gateway_refused", refusal);
      looks += 1;
      return { config: {}, configRevisionHash: "new", appliedConfigHash: looks >= appliedAtLook ? "new" : "old" };
    },
  };
}

it("a change that is saved and used a moment later is no failure", async () => {
  const connection = gateway(PERSISTED, 3);
  await createConfigPatch(connection, { pauseMs: 1 })({ agents: {} }, "old");
  expect(connection.asked).toEqual(["config.patch", "config.get", "config.get", "config.get"]);
});

it("one that is saved and never used says so, and what to do", async () => {
  const patch = createConfigPatch(gateway(PERSISTED, Number.POSITIVE_INFINITY), { patienceMs: 20, pauseMs: 5 });
  await expect(patch({ agents: {} }, "old")).rejects.toMatchObject({
    code: "not_applied",
    hint: "Restart the gateway: openclaw gateway restart.",
  });
});

it("a refusal is one, and nothing is asked", async () => {
  const connection = gateway("OpenClaw refused config.patch: invalid config", 1);
  await expect(createConfigPatch(connection)({ agents: {} }, "old")).rejects.toMatchObject({ code: "gateway_refused" });
  expect(connection.asked).toEqual(["config.patch"]);
});
