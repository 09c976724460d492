import stringWidth from "string-width";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Enough of a terminal to see what a person would see: cursor movement, erasing
 * and breaking at the edge. It is endlessly high, so nothing scrolls away.
 */
export function createVirtualScreen(columns: number): { write(text: string): void; text(): string; row(): number } {
  const rows: string[][] = [[]];
  let row = 0;
  let column = 0;
  const line = (index: number): string[] => {
    while (rows.length <= index) rows.push([]);
    return rows[index] ?? [];
  };
  const put = (character: string): void => {
    const width = stringWidth(character);
    if (column + width > columns) {
      row += 1;
      column = 0;
    }
    const cells = line(row);
    while (cells.length < column) cells.push(" ");
    cells[column] = character;
    if (width === 2) cells[column + 1] = "";
    column += width;
  };
  const control = (count: number, verb: string): void => {
    if (verb === "A") row = Math.max(0, row - count);
    else if (verb === "B") row += count;
    else if (verb === "C") column = Math.min(columns - 1, column + count);
    else if (verb === "D") column = Math.max(0, column - count);
    else if (verb === "G") column = count - 1;
    else if (verb === "J") {
      line(row).length = Math.min(line(row).length, column);
      rows.length = Math.min(rows.length, row + 1);
    } else if (verb === "K") line(row).length = Math.min(line(row).length, column);
    else if (verb !== "m") throw new Error(`The virtual screen does not know CSI ${verb}.`);
  };
  return {
    write(text) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is read here.
      for (const part of text.match(/\x1b\[[\d;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+|\x1b/g) ?? []) {
        if (part.startsWith("\x1b[")) control(Number.parseInt(part.slice(2), 10) || defaultOf(part), part.at(-1) ?? "");
        else if (part === "\r") column = 0;
        else if (part === "\n") {
          row += 1;
          column = 0;
          line(row);
        } else for (const { segment } of graphemes.segment(part)) put(segment);
      }
    },
    text: () =>
      rows
        .map((cells) => cells.join("").trimEnd())
        .join("\n")
        .trimEnd(),
    row: () => row,
  };
}

const defaultOf = (sequence: string): number => (sequence.endsWith("J") || sequence.endsWith("K") ? 0 : 1);
