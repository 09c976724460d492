import { expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createConfigPatch } from "../../src/openclaw/config-patch.ts";

const PERSISTED =
  "OpenClaw refused config.patch: config.patch persisted but was not applied to the active Gateway (failed)";

interface Behaviour {
  readonly refusal?: string;
  /** After how many times `config.apply` it uses what it saved. */
  readonly usedAfter?: number;
  /** From which look on it has done so by itself. */
  readonly usedAtLook?: number;
  readonly includedPaths?: readonly string[];
}

/** A gateway that has saved the patch and goes on with what it had. */
function gateway({ refusal = PERSISTED, usedAfter, usedAtLook, includedPaths = [] }: Behaviour) {
  const asked: string[] = [];
  const applied: unknown[] = [];
  return {
    asked,
    applied,
    async request(method: string, params: unknown): Promise<unknown> {
      asked.push(method);
      if (method === "config.patch") throw new ClutchError("gateway_refused", refusal);
      const isUsed = () =>
        applied.length >= (usedAfter ?? Number.POSITIVE_INFINITY) ||
        asked.filter((other) => other === "config.get").length >= (usedAtLook ?? Number.POSITIVE_INFINITY);
      if (method === "config.apply") {
        applied.push(params);
        if (!isUsed()) throw new ClutchError("gateway_refused", "persisted but was not applied");
        return { ok: true };
      }
      const revision = { configRevisionHash: "new", appliedConfigHash: isUsed() ? "new" : "old" };
      return {
        config: { whole: true },
        parsed: { agents: { list: "$NAMES" } },
        hash: "now",
        includedPaths,
        ...revision,
      };
    },
  };
}

it("a change that is saved and used a moment later is no failure", async () => {
  const connection = gateway({ usedAtLook: 1 });
  await createConfigPatch(connection, { pauseMs: 1 })({ agents: {} }, "old");
  expect(connection.asked).toEqual(["config.patch", "config.get"]);
});

it("OpenClaw is told to use its own file, as it is written there, until it does", async () => {
  const connection = gateway({ usedAfter: 2 });
  await createConfigPatch(connection, { pauseMs: 1 })({ agents: {} }, "old");
  const again = ["config.get", "config.apply"];
  expect(connection.asked).toEqual(["config.patch", ...again, ...again, "config.get"]);
  expect(connection.applied[0]).toEqual({ raw: '{"agents":{"list":"$NAMES"}}', baseHash: "now" });
});

it("a file that includes others is not written anew", async () => {
  const connection = gateway({ usedAtLook: 3, includedPaths: ["/etc/more.json"] });
  await createConfigPatch(connection, { pauseMs: 1 })({ agents: {} }, "old");
  expect(connection.applied).toEqual([]);
});

it("one that is saved and never used says so, and what to do", async () => {
  const patch = createConfigPatch(gateway({}), { patienceMs: 20, pauseMs: 5 });
  await expect(patch({ agents: {} }, "old")).rejects.toMatchObject({
    code: "not_applied",
    hint: "Restart the gateway: openclaw gateway restart.",
  });
});

it("a refusal is one, and nothing is asked", async () => {
  const connection = gateway({ refusal: "OpenClaw refused config.patch: invalid config" });
  await expect(createConfigPatch(connection)({ agents: {} }, "old")).rejects.toMatchObject({ code: "gateway_refused" });
  expect(connection.asked).toEqual(["config.patch"]);
});
