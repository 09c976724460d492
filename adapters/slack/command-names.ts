/** Works beside the configured names: they are one flat space per workspace, and the app installed last wins a clash. */
export const UMBRELLA = "/clutch";

export interface CommandNames {
  /** The core's line for a slash command as it came from Slack: `/llm-model`, `qwen` -> `/model qwen`. */
  lineOf(slash: string, text: string): string;
  /** The core's line for words after a mention or the umbrella: `model qwen` -> `/model qwen`; nothing means help. */
  lineOfWords(words: string): string;
}

/** The slash command under which Slack knows one of Clutch's commands. */
export const slashName = (command: string, names: Readonly<Record<string, string>>): string => {
  const name = names[command] ?? command;
  return name.startsWith("/") ? name : `/${name}`;
};

/** `own` are the words of the umbrella itself: `/clutch doctor` is a line of its own, `/clutch model` one of `/model`. */
export function createCommandNames(
  commands: readonly string[],
  names: Readonly<Record<string, string>>,
  own: readonly string[] = [],
): CommandNames {
  const cores = new Map([...commands, ...Object.keys(names)].map((command) => [slashName(command, names), command]));

  const lineOfWords = (words: string): string => {
    const [, head = "", rest = ""] = /^\/?(\S*)\s*([\s\S]*)$/.exec(words.trim()) ?? [];
    if (own.includes(head.toLowerCase())) return `${UMBRELLA} ${head} ${rest}`.trim();
    return head === "" ? "/help" : lineOf(`/${head}`, rest);
  };
  const lineOf = (slash: string, text: string): string => {
    const name = slash.toLowerCase();
    if (name === UMBRELLA) return lineOfWords(text);
    return `/${cores.get(name) ?? slash.slice(1)} ${text}`.trim();
  };
  return { lineOf, lineOfWords };
}
