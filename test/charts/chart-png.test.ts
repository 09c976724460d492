import { Resvg } from "@resvg/resvg-js";
import { describe, expect, it } from "vitest";
import type { Chart } from "../../src/charts/chart.ts";
import { chartPng } from "../../src/charts/chart-png.ts";
import { chartSvg, HEIGHT, WIDTH } from "../../src/charts/chart-svg.ts";
import { chartOf, days, LONG, WITH_FONTS } from "./charts.ts";

const ZOOM = 2;

/** Read by another decoder than the encoder's own. */
function decoded(png: Uint8Array): { width: number; height: number; pixels: Buffer } {
  const [width, height] = [WIDTH * ZOOM, HEIGHT * ZOOM];
  const href = `data:image/png;base64,${Buffer.from(png).toString("base64")}`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><image href="${href}" width="${width}" height="${height}" image-rendering="optimizeSpeed"/></svg>`;
  const image = new Resvg(svg).render();
  return { width: image.width, height: image.height, pixels: image.pixels };
}

const rendered = (svg: string, fonts: boolean): Buffer =>
  new Resvg(svg, {
    ...(fonts ? WITH_FONTS : { font: { loadSystemFonts: false } }),
    fitTo: { mode: "zoom", value: ZOOM },
  }).render().pixels;

/** Pixels of an area, in px of the drawing, in which two pictures differ. */
function differing(one: Buffer, other: Buffer, area: { x: number; y: number; width: number; height: number }): number {
  let count = 0;
  for (let y = Math.floor(area.y * ZOOM); y < (area.y + area.height) * ZOOM; y += 1) {
    for (let x = Math.floor(area.x * ZOOM); x < (area.x + area.width) * ZOOM; x += 1) {
      const at = (y * WIDTH * ZOOM + x) * 4;
      if (one.readUInt32BE(at) !== other.readUInt32BE(at)) count += 1;
    }
  }
  return count;
}

const AREAS = {
  title: { x: 24, y: 20, width: 300, height: 22 },
  legend: { x: 40, y: 52, width: 200, height: 18 },
  axis: { x: 10, y: 85, width: 58, height: 260 },
  labels: { x: 70, y: 345, width: 520, height: 25 },
} as const;
const PLOT = { x: 100, y: 130, width: 480, height: 200 };

describe("a chart as PNG", () => {
  it("really has its texts drawn, each where it belongs", async () => {
    const chart = chartOf(days(7));
    const { width, height, pixels } = decoded(await chartPng(chart));
    expect([width, height]).toEqual([1_200, 800]);
    const svg = chartSvg(chart);
    expect(pixels.equals(rendered(svg, true))).toBe(true);
    const bare = rendered(svg, false);
    for (const [name, area] of Object.entries(AREAS)) expect(differing(pixels, bare, area), name).toBeGreaterThan(300);
    expect(differing(pixels, bare, PLOT)).toBe(0);
  });

  it("is the same picture each time", async () => {
    const chart = chartOf(days(31));
    expect(Buffer.from(await chartPng(chart)).equals(await chartPng(chart))).toBe(true);
  });

  const series = Array.from({ length: 8 }, (_, index) => ({ name: `${index}${LONG}`, tone: "cloud" as const }));
  it.each<[string, Chart]>([
    ["nothing", chartOf([])],
    ["one bar", chartOf(days(1))],
    ["400 days", chartOf(days(400))],
    [
      "names of 200 characters",
      chartOf(
        days(90).map(({ values }) => ({ label: LONG, values: series.map((_, index) => (values[0] ?? 0) + index) })),
        { title: LONG, series },
      ),
    ],
  ])("is small enough to send: %s", async (_, chart) => {
    const png = await chartPng(chart);
    expect(decoded(png).width).toBe(1_200);
    expect(png.byteLength).toBeLessThan(200_000);
    expect(png.byteLength).toBeGreaterThan(5_000);
  });
});
