import { expect, it } from "vitest";
import { ClutchError } from "../../src/errors.ts";
import { createOpenClaw } from "../../src/openclaw/openclaw.ts";

const models = [{ id: "m", provider: "p", name: "M", contextWindow: 8_192, available: true }];

it("a gateway that knows no details of models is asked for them without", async () => {
  const asked: unknown[] = [];
  const openclaw = createOpenClaw({
    async request(_, params) {
      asked.push(params);
      if (asked.length > 1) return { models };
      throw new ClutchError(
        "gateway_refused",
        "OpenClaw refused models.list: invalid models.list params: at root: unexpected property 'includeDetails'",
      );
    },
  });
  expect(await openclaw.listModels()).toEqual([
    { ref: { provider: "p", model: "m" }, name: "M", windowTokens: 8_192, atLocalAddress: undefined },
  ]);
  expect(asked).toEqual([{ view: "configured", includeDetails: true }, { view: "configured" }]);
});

it("any other refusal is told as it is, and asked once", async () => {
  let asked = 0;
  const openclaw = createOpenClaw({
    async request() {
      asked++;
      throw new ClutchError("gateway_refused", "OpenClaw refused models.list: not now");
    },
  });
  await expect(openclaw.listModels()).rejects.toThrow("not now");
  expect(asked).toBe(1);
});
