import { expect, it } from "vitest";
import { workOn } from "../../src/cli/bench-run.ts";
import { personMachine } from "../set-up/person-machine.ts";

it("a bench at the command line learns that local-only mode was turned on elsewhere, and no more once it is over", async () => {
  const machine = personMachine();
  let follows = 0;
  let learned: () => void = () => undefined;
  const twice = new Promise<void>((resolve) => {
    learned = resolve;
  });
  const localOnly = {
    async follow() {
      follows += 1;
      if (follows === 2) learned();
      throw new Error("the gateway is away for a moment");
    },
  };
  const bench = {
    async follow() {
      await twice;
      return { state: "done" };
    },
  };
  try {
    const { code } = await machine.run(async (runtime) => {
      const parts = { localOnly, services: { bench } } as unknown as Parameters<typeof workOn>[3];
      return (await workOn({ id: 1 }, { json: true }, runtime, parts, String)) ? 0 : 1;
    });
    expect(code).toBe(0);
    const before = follows;
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(follows).toBe(before);
  } finally {
    machine.clear();
  }
});
