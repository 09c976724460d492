/** Colours of a drawing, as values of `fill` and `stroke`. */
export interface ChartColours {
  readonly ground: string;
  readonly grid: string;
  readonly text: string;
  readonly quiet: string;
}

/** A ground of its own that stands out neither from dark nor from light chats. */
export const COLOURS: ChartColours = { ground: "#1f2430", grid: "#3b4252", text: "#eef1f6", quiet: "#aeb6c4" };

export interface TextStyle {
  /** What it is in the drawing. */
  readonly kind: string;
  readonly x: number;
  /** Of its baseline. */
  readonly y: number;
  readonly size: number;
  readonly anchor?: "middle" | "end";
  readonly bold?: boolean;
  readonly quiet?: boolean;
}

export function svgText(words: string, style: TextStyle, colours = COLOURS): string {
  if (words === "") return "";
  const { kind, x, y, size, anchor = undefined, bold = false, quiet = false } = style;
  const how = `${anchor === undefined ? "" : ` text-anchor="${anchor}"`}${bold ? ' font-weight="bold"' : ""}`;
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" font-size="${size}"${how} fill="${quiet ? colours.quiet : colours.text}">${escaped(words)}</text>`;
}

/** For the text and for the attributes of SVG and HTML. */
export const escaped = (words: string): string =>
  words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

export const round = (value: number): number => Number(value.toFixed(2));
