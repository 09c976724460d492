/** One line that was typed, and everything that was printed until the next. */
export interface Exchange {
  readonly line: string;
  readonly answer: string;
}

/** Takes apart what `clutch start` prints where its output is no terminal. */
export const transcript = (stdout: string): Exchange[] =>
  stdout
    .split(/^› /m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf("\n");
      return { line: part.slice(0, end), answer: part.slice(end + 1) };
    });

/** What the demo models say that they received. */
export interface Account {
  readonly model: string;
  readonly persona: string | undefined;
  readonly earlier: number;
  readonly replies: number;
  readonly first: string | undefined;
  readonly now: string | undefined;
  /** The line below the reply. */
  readonly label: string | undefined;
}

/** Reads a demo model's reply. Throws where it is none. */
export function accountIn(answer: string): Account {
  const model = /^\[demo\] (\S+) here\./.exec(answer)?.[1];
  if (model === undefined) throw new Error(`not a demo model's reply: ${answer}`);
  return {
    model,
    persona: /My persona says: “(.*?)”/.exec(answer)?.[1],
    earlier: Number(/I was given (\d+) earlier message/.exec(answer)?.[1] ?? 0),
    replies: Number(/of yours and (\d+) repl/.exec(answer)?.[1] ?? 0),
    first: /Your first was “(.*?)”/.exec(answer)?.[1],
    now: /You now said: “(.*?)”/.exec(answer)?.[1],
    label: /^— (.*)$/m.exec(answer)?.[1],
  };
}
