import { beforeEach, describe, expect, it } from "vitest";
import { type VerifierLab, verifierLab } from "./verifier-lab.ts";

let lab: VerifierLab;
beforeEach(() => {
  lab = verifierLab();
});

const OTHERS = "Recaps, dreaming, other silent calls";
const setting = (name: string, onGateway: boolean) => ({ name, setting: "s", how: "egress", value: "v", onGateway });
const helper = (name: string, onGateway: boolean) => ({ name, setting: "s", uses: "a/b", onGateway });

describe("what leads to the gateway's own machine", () => {
  beforeEach(() => {
    lab.audit = { ...lab.audit, settings: [setting("Embeddings near", true), setting("Embeddings far", false)] };
    lab.left = [helper("Near", true), helper("Far", false)];
  });

  it("is not covered by a wall that spares it", async () => {
    lab.loopbackMode = "gateway-only";
    const of = await lab.verify("guard", "wall");
    for (const path of ["Embeddings near", "Near"]) {
      expect(of(path)).toMatchObject({ heldBy: "", result: "not covered" });
      expect(of(path)?.detail).toContain("past the wall unless clutch wall install --strict");
    }
    for (const path of ["Embeddings far", "Far"]) {
      expect(of(path)).toMatchObject({ heldBy: "wall", result: "configured" });
    }
    expect(of(OTHERS)).toMatchObject({ heldBy: "", result: "not covered" });
  });

  it.each(["proxy", "block"])("is held by a wall that sees it (%s)", async (mode) => {
    lab.loopbackMode = mode;
    const of = await lab.verify("guard", "wall");
    for (const path of ["Embeddings near", "Near", "Embeddings far", "Far", OTHERS]) {
      expect(of(path)).toMatchObject({ heldBy: "wall", result: "configured" });
    }
  });

  it("is held by nothing where there is no wall", async () => {
    const of = await lab.verify("guard");
    for (const path of ["Embeddings near", "Near"]) {
      expect(of(path)).toMatchObject({ heldBy: "", result: "not covered" });
      expect(of(path)?.detail).not.toContain("wall");
    }
  });
});
