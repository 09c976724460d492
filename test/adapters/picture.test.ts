import { type DestinationStream, pino } from "pino";
import { describe, expect, it } from "vitest";
import { inWords, withPicture } from "../../adapters/picture.ts";
import type { Card } from "../../commands/card.ts";
import { chartOf, days } from "../charts/charts.ts";

const chart = chartOf(days(3), { alt: "three days" });
const card: Card = { tone: "info", title: "Usage", body: ["Last days."] };
const image = { png: Uint8Array.from([1]), alt: "another" };

describe("a card's picture", () => {
  it("is its chart", async () => {
    const drawn = await withPicture({ ...card, image, chart });
    expect(drawn).toEqual({ ...card, image: { png: expect.any(Uint8Array), alt: "three days" } });
    expect(drawn.image?.png.length).toBeGreaterThan(5_000);
  });

  it("stays as it is where there is no chart", async () => {
    const given = { ...card, image };
    expect(await withPicture(given)).toBe(given);
  });

  it("gives way to words, and to a line in the log, where it cannot be drawn", async () => {
    const log: string[] = [];
    const destination: DestinationStream = { write: (line) => void log.push(line) };
    const broken = () => Promise.reject(new Error("no renderer for this machine"));
    expect(await withPicture({ ...card, chart }, pino({}, destination), broken)).toEqual({
      ...card,
      body: ["Last days.", "Picture: three days"],
    });
    expect(log.join()).toContain("no renderer for this machine");
  });

  it.each<[string, Card, Card]>([
    ["a chart", { ...card, chart }, { ...card, body: ["Last days.", "Picture: three days"] }],
    ["an image", { tone: "info", title: "t", image }, { tone: "info", title: "t", body: ["Picture: another"] }],
    ["no words", { ...card, chart: { ...chart, alt: "" } }, card],
    ["no picture", card, card],
  ])("in words: %s", (_, given, told) => expect(inWords(given)).toEqual(told));
});
