import stringWidth from "string-width";

/** A run of text that looks alike. */
export interface Span {
  readonly text: string;
  readonly bold: boolean;
  readonly dim: boolean;
  /** ANSI's number of the colour, 30 to 37 or 90 to 97; undefined for the usual one. */
  readonly colour: number | undefined;
}

/** A line as it stood in the end, and when its last change came, ms since the start. */
export interface Line {
  readonly spans: readonly Span[];
  readonly at: number;
}

/** Spelt by its code: a control character in a literal is easily overlooked. */
const ESCAPE = String.fromCharCode(27);
const TOKENS = new RegExp(`${ESCAPE}\\[[\\d;?]*[A-Za-z]|\\r\\n|\\n|\\r|[^${ESCAPE}\\r\\n]+`, "g");

const GRAPHEMES = new Intl.Segmenter("en", { granularity: "grapheme" });

const PLAIN: Omit<Span, "text"> = { bold: false, dim: false, colour: undefined };

/** What a terminal of so many columns shows of it: colours, rewritten and wrapped lines, which is all that the tour uses. */
export function readScreen(
  heard: readonly { readonly text: string; readonly at: number }[],
  columns: number,
): readonly Line[] {
  const lines: Line[] = [];
  let spans: Span[] = [];
  let style = PLAIN;
  let at = 0;
  for (const piece of heard) {
    for (const [token] of piece.text.matchAll(TOKENS)) {
      if (token === "\n" || token === "\r\n") {
        for (const row of wrapped(spans, columns)) lines.push({ spans: row, at: Math.max(at, piece.at) });
        spans = [];
      } else if (token === "\r" || [`${ESCAPE}[K`, `${ESCAPE}[2K`].includes(token)) {
        spans = [];
      } else if (token.startsWith(`${ESCAPE}[`)) {
        if (token.endsWith("m")) style = styled(style, token);
      } else {
        spans.push({ text: token, ...style });
        at = piece.at;
      }
    }
  }
  return lines;
}

/** Pieces that look alike are one span, however they came in. */
function wrapped(pieces: readonly Span[], columns: number): readonly (readonly Span[])[] {
  const rows: Span[][] = [[]];
  let width = 0;
  for (const { text, ...style } of pieces) {
    for (const { segment } of GRAPHEMES.segment(text)) {
      const wide = stringWidth(segment);
      if (width + wide > columns) {
        rows.push([]);
        width = 0;
      }
      width += wide;
      const row = rows.at(-1) ?? [];
      const last = row.at(-1);
      const isAlike = last?.bold === style.bold && last.dim === style.dim && last.colour === style.colour;
      if (last !== undefined && isAlike) row[row.length - 1] = { ...last, text: last.text + segment };
      else row.push({ text: segment, ...style });
    }
  }
  return rows;
}

function styled(before: Omit<Span, "text">, token: string): Omit<Span, "text"> {
  let style = before;
  for (const code of token.slice(2, -1).split(";").map(Number)) {
    if (code === 0) style = PLAIN;
    else if (code === 1) style = { ...style, bold: true };
    else if (code === 2) style = { ...style, dim: true };
    else if (code === 22) style = { ...style, bold: false, dim: false };
    else if (code === 39) style = { ...style, colour: undefined };
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) style = { ...style, colour: code };
  }
  return style;
}
