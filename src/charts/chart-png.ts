import { createRequire } from "node:module";
import type { Chart } from "./chart.ts";
import { chartSvg, FONT, HEIGHT, WIDTH } from "./chart-svg.ts";
import { type DotChart, isDotChart } from "./dot-chart.ts";
import { dotSvg } from "./dot-svg.ts";
import { encodePng } from "./encode-png.ts";

const require = createRequire(import.meta.url);

/** Pixels for each unit of the drawing, for screens that show it small and sharp. */
const ZOOM = 2;

/**
 * A chart as a picture, the same on every machine: its font comes from a
 * package, and no font of the system is looked at. Rendering and compression
 * run beside the event loop. Rejects where this machine has no renderer.
 */
export async function chartPng(chart: Chart | DotChart): Promise<Uint8Array> {
  // Native code: loaded only when the first chart is drawn, and where it cannot be, only charts are missing.
  const { renderAsync } = await import("@resvg/resvg-js");
  const { svg, height } = isDotChart(chart) ? dotSvg(chart) : { svg: chartSvg(chart), height: HEIGHT };
  const image = await renderAsync(svg, {
    font: {
      loadSystemFonts: false,
      // The renderer passes over a font that is missing, and its text with it; `resolve` throws instead.
      fontFiles: [
        require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"),
        require.resolve("dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf"),
      ],
      defaultFontFamily: FONT,
    },
    fitTo: { mode: "zoom", value: ZOOM },
  });
  return encodePng(image.pixels, WIDTH * ZOOM, height * ZOOM);
}
