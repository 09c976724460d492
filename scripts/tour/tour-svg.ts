import stringWidth from "string-width";
import type { Line, Span } from "./read-screen.ts";

/** Of the terminal that is shown. */
export const COLUMNS = 92;
const ROWS = 30;
/** Of a character cell, px. */
const [WIDTH, HEIGHT] = [8.2, 17];
const MARGIN = 14;

/** Longer waits are cut to this, ms. */
const LONGEST_WAIT = 1_500;
/** Time to read a line, and before the recording begins anew, ms. */
const PER_LINE = 260;
const PAUSE = 6_000;

const COLOURS: Readonly<Record<number, string>> = {
  31: "#ff8f87",
  32: "#7fd6a1",
  33: "#e6c36b",
  34: "#86b4ff",
  35: "#d3a4f0",
  36: "#77cfd8",
  90: "#8b95a5",
};

/** Lines that appear together, and when, ms. */
interface Step {
  readonly lines: readonly Line[];
  readonly at: number;
}

/** The recording as an animated picture that needs nothing else: lines appear, and what does not fit scrolls up. */
export function tourSvg(lines: readonly Line[]): string {
  const steps = paced(lines);
  const duration = (steps.at(-1)?.at ?? 0) + (steps.at(-1)?.lines.length ?? 0) * PER_LINE + PAUSE;
  const share = (ms: number): string => `${((ms / duration) * 100).toFixed(2)}%`;
  const [width, height] = [2 * MARGIN + COLUMNS * WIDTH, 2 * MARGIN + ROWS * HEIGHT];
  let shown = 0;
  const scroll: string[] = ["0%{transform:translateY(0)}"];
  const groups: string[] = [];
  const appear: string[] = [];
  for (const [index, step] of steps.entries()) {
    const rows = step.lines.map((line, row) => drawn(line.spans, shown + row)).join("");
    groups.push(`<g class="s" style="animation-name:s${index}">${rows}</g>`);
    appear.push(`@keyframes s${index}{0%{visibility:hidden}${share(step.at)},100%{visibility:visible}}`);
    shown += step.lines.length;
    if (shown > ROWS) scroll.push(`${share(step.at)}{transform:translateY(${(ROWS - shown) * HEIGHT}px)}`);
  }
  const end = Math.min(0, (ROWS - shown) * HEIGHT);
  scroll.push(`100%{transform:translateY(${end}px)}`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">The tour of Clutch in a terminal</title>
<clipPath id="screen"><rect x="${MARGIN}" y="${MARGIN}" width="${COLUMNS * WIDTH}" height="${ROWS * HEIGHT}"/></clipPath>
<style>
text{font:13.4px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#dde3ec;white-space:pre}
.b{font-weight:700}.d{fill:#8b95a5}${Object.entries(COLOURS)
    .map(([code, colour]) => `.c${code}{fill:${colour}}`)
    .join("")}
.s,.all{animation:${(duration / 1_000).toFixed(1)}s step-end infinite}.all{animation-name:all}
@keyframes all{${scroll.join("")}}
${appear.join("\n")}
@media (prefers-reduced-motion:reduce){.s,.all{animation:none}.all{transform:translateY(${end}px)}}
</style>
<rect width="${width}" height="${height}" rx="10" fill="#14181f"/>
<g clip-path="url(#screen)"><g transform="translate(${MARGIN} ${MARGIN})"><g class="all">
${groups.join("\n")}
</g></g></g>
</svg>
`;
}

/** A step begins with what is typed, or after a wait; each stays long enough to be read. */
function paced(lines: readonly Line[]): readonly Step[] {
  const steps: { lines: Line[]; at: number }[] = [];
  let [at, last, readUntil] = [0, lines[0]?.at ?? 0, 0];
  for (const line of lines) {
    const typed = line.spans[0]?.text.startsWith("›") === true;
    const waited = Math.min(line.at - last, LONGEST_WAIT);
    last = line.at;
    if (steps.length === 0 || typed || waited > 40) {
      at = Math.max(at + waited, typed ? readUntil : 0);
      steps.push({ lines: [], at });
      readUntil = at;
    }
    steps.at(-1)?.lines.push(line);
    readUntil += line.spans.length === 0 ? 0 : PER_LINE;
  }
  return steps;
}

function drawn(spans: readonly Span[], row: number): string {
  let column = 0;
  const pieces = spans.map(({ text, bold, dim, colour }) => {
    const x = (column * WIDTH).toFixed(1);
    const wide = stringWidth(text);
    column += wide;
    if (text.trim() === "") return "";
    const classes = [bold ? "b" : "", dim ? "d" : "", colour === undefined ? "" : `c${colour}`]
      .filter(Boolean)
      .join(" ");
    // The font of whoever looks at it may be wider or narrower.
    const size = `textLength="${(wide * WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
    return `<tspan x="${x}" ${size}${classes === "" ? "" : ` class="${classes}"`}>${escaped(text)}</tspan>`;
  });
  const inner = pieces.join("");
  return inner === "" ? "" : `<text y="${(row + 0.78) * HEIGHT}">${inner}</text>`;
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
