import { pino } from "pino";
import { describe, expect, it } from "vitest";
import type { AccessLevel } from "../../commands/command.ts";
import { createDispatcher } from "../../commands/dispatcher.ts";
import { doctorCard } from "../../commands/doctor-card.ts";
import { allCommands } from "../../commands/index.ts";
import type { Checked } from "../../src/doctor/doctor.ts";
import { CHECKED, createRecordingServices } from "../platforms/recording-services.ts";

const run = (line: string, level: AccessLevel = "owner") => {
  const examined: boolean[] = [];
  const { services } = createRecordingServices();
  const doctor = {
    async examine({ deep }: { deep: boolean }) {
      examined.push(deep);
      return CHECKED;
    },
  };
  const dispatcher = createDispatcher({
    commands: allCommands,
    services: { ...services, doctor },
    levelOf: () => level,
    logger: pino({ level: "silent" }),
  });
  const conversation = { platform: "discord", channel: "1", kind: "channel", person: "2" } as const;
  const person = { platform: "discord", id: "2" };
  return { examined, outcome: dispatcher.run({ line, conversation, person, confirmed: false }) };
};

describe("/clutch", () => {
  it("doctor shows the problems with their remedies, to the owner alone", async () => {
    const { examined, outcome } = run("/clutch doctor");
    const { ok, card, visibility } = await outcome;
    expect({ ok, visibility, examined, tone: card.tone }).toEqual({
      ...{ ok: true, visibility: "private", examined: [false], tone: "error" },
    });
    expect(card.fields?.[0]).toEqual({ name: "✗ Guard: Installed", value: "It is gone.\n→ clutch guard install" });
  });

  it("doctor deep takes longer and looks deeper", async () => {
    const { examined, outcome } = run("/clutch doctor deep");
    expect((await outcome).ok).toBe(true);
    expect(examined).toEqual([true]);
  });

  it.each(["operator", "viewer"] as const)("doctor is not for a %s", async (level) => {
    const { examined, outcome } = run("/clutch doctor", level);
    expect((await outcome).error).toMatchObject({ code: "not_allowed" });
    expect(examined).toEqual([]);
  });

  it("alone says what there is; deep alone is nothing", async () => {
    expect((await run("/clutch", "viewer").outcome).card.table?.rows.map(([form]) => form)).toContain("/clutch doctor");
    expect((await run("/clutch deep").outcome).error).toMatchObject({ code: "bad_option" });
    expect((await run("/clutch nurse").outcome).error).toMatchObject({ code: "bad_option" });
  });
});

describe("the doctor's card", () => {
  const many: readonly Checked[] = Array.from({ length: 40 }, (_, index) => ({
    ...({ part: "platforms", name: `thing ${index}`, found: "It is gone.", remedy: "bring it back" } as const),
    state: index % 2 === 0 ? ("broken" as const) : ("warning" as const),
  }));

  it("has no more fields than any platform takes, the worst first, and says what it left out", () => {
    const { fields = [] } = doctorCard(many);
    expect(fields.length).toBeLessThanOrEqual(25);
    expect(fields.slice(0, 20).every(({ name }) => name.startsWith("✗"))).toBe(true);
    expect(fields.at(-1)).toEqual({ name: "And", value: expect.stringContaining("20 more") });
  });

  it("is calm where all is well", () => {
    const { tone, title } = doctorCard([
      { part: "store", name: "Database", state: "ok", found: "Fine.", remedy: null },
    ]);
    expect({ tone, title }).toEqual({ tone: "success", title: "All is well." });
  });
});
