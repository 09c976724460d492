import { seededRandom } from "./seeded.ts";
import type { Haystack, Level } from "./suite.ts";

/** What is aimed at, tokens; `full` takes what the window leaves. */
const AIMS: Readonly<Record<Level, number>> = { quick: 4_000, standard: 16_000, full: Number.POSITIVE_INFINITY };
/** Of English prose, the usual rule of thumb; by it the two fixed lengths are the same text for every model. */
const USUAL_CHARACTERS = 4;
/** What a token is at least where the model's own count is not known: more than fits is worse than less. */
const FEWEST_CHARACTERS = 3;
/** A count of one text is not exact for the next. */
const SPARE = 0.97;
/** Where nobody knows the window it is no smaller than this, tokens: the least that agents can work with. */
const UNKNOWN_WINDOW_TOKENS = 8_192;

/** How long the text around a needle is, characters; never more than the window takes beside the rest. */
export function haystackCharacters(facts: {
  readonly level: Level;
  readonly windowTokens: number | undefined;
  /** For the question with all that belongs to it, and for the answer. */
  readonly reservedTokens: number;
  /** Characters that this model makes a token of in such text, as it counted; undefined where it did not. */
  readonly charactersPerToken: number | undefined;
}): number {
  const { level, windowTokens = UNKNOWN_WINDOW_TOKENS, reservedTokens, charactersPerToken } = facts;
  const perToken = charactersPerToken === undefined ? FEWEST_CHARACTERS : charactersPerToken * SPARE;
  const most = Math.max(0, windowTokens - reservedTokens) * perToken;
  return Math.floor(Math.min(AIMS[level] * USUAL_CHARACTERS, most));
}

/**
 * The minutes of everyday life, of at most so many characters with the needle in them
 * and the decoys spread over them; the same for the same seed.
 */
export function haystackText({ needle, at, decoys = [] }: Haystack, characters: number, seed: number): string {
  const hidden = [
    { sentence: needle, at },
    ...decoys.map((sentence, index) => ({ sentence, at: (index + 0.5) / decoys.length })),
  ].toSorted((one, other) => one.at - other.at);
  const taken = hidden.reduce((sum, { sentence }) => sum + sentence.length + 1, 0);
  const around = fillerSentences(Math.max(0, characters - taken), seed);
  const text: string[] = [];
  let from = 0;
  for (const { sentence, at: place } of hidden) {
    const to = Math.round(around.length * place);
    text.push(...around.slice(from, to), sentence);
    from = to;
  }
  return [...text, ...around.slice(from)].join(" ");
}

/** The same without a needle. */
export const fillerText = (characters: number, seed: number): string => fillerSentences(characters, seed).join(" ");

function fillerSentences(characters: number, seed: number): readonly string[] {
  const random = seededRandom(seed);
  const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? "";
  const sentences: string[] = [];
  for (let length = 0; ; ) {
    const words = pick(TEMPLATES).replace(/\{(\w+)\}/g, (_, name: string) => pick(WORDS[name] ?? []));
    const sentence = words.charAt(0).toUpperCase() + words.slice(1);
    length += sentence.length + (sentences.length === 0 ? 0 : 1);
    if (length > characters) return sentences;
    sentences.push(sentence);
  }
}

/** Nothing in here is a code, a price or a name with a surname, which needles like to be. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  day: ["On Monday", "On Tuesday", "On Wednesday", "On Thursday", "On Friday", "Over the weekend"],
  when: ["before breakfast", "in the morning", "at noon", "in the afternoon", "towards evening", "after dark"],
  who: ["Marta", "Oskar", "Ines", "Joram", "Lena", "Tobias", "Aino", "Pavel", "Ruth", "Sami", "the caretaker"],
  place: ["the workshop", "the library", "the allotment", "the harbour office", "the canteen", "the old mill"],
  thing: ["the ladder", "a box of candles", "the second kettle", "the garden hose", "the projector", "a roll of wire"],
  weather: ["fog lay over the fields", "it rained without a break", "the wind came from the east", "it was mild"],
  food: ["pea soup", "rye bread with cheese", "baked apples", "cold potatoes", "lentils", "a plain omelette"],
  repair: ["the gate", "the pump", "the drain behind the shed", "the light in the stairway", "the clock in the hall"],
  mood: ["nobody minded", "that surprised no one", "there was some grumbling", "everybody was pleased"],
  count: ["two", "three", "four", "five", "six", "seven"],
  animal: ["the neighbour's dog", "a heron", "two crows", "the grey cat", "a hedgehog"],
};

const TEMPLATES: readonly string[] = [
  "{day} {who} brought {thing} to {place}, and {mood}.",
  "{day} {weather}, so the work on {repair} was put off.",
  "{who} and {who} sat down {when} to talk about {repair} and came to no conclusion.",
  "There was {food} for lunch, and {who} asked for a second helping.",
  "{who} noted that {thing} had been left in {place} again.",
  "{day} {count} visitors came to {place} {when} and stayed for an hour.",
  "It was agreed that {who} would look after {repair} until the end of the month.",
  "While {weather}, {animal} was seen near {place}.",
  "{who} read the list aloud, {who} corrected the spelling, and {mood}.",
  "Nobody could say who had borrowed {thing} {when}.",
  "{day} the meeting in {place} began late because {who} had missed the bus.",
  "{who} painted {repair} a second time; {mood}.",
  "The minutes of the last meeting were read {when} and accepted without changes.",
  "{who} proposed to move {thing} to {place}, and {count} were in favour.",
  "After {food} the table was cleared and {who} told the story of {animal} once more.",
  "{day} {who} wrote a letter about {repair} and asked for an answer within {count} weeks.",
];
