import { evenText } from "./answer-text.ts";

/** A number of a text: what it may mean, and where it stands. */
interface FoundNumber {
  /** `25 %` may be meant as 25 and as 0.25, `3 million` as 3 and as 3,000,000. */
  readonly readings: readonly number[];
  readonly start: number;
  readonly end: number;
}

/**
 * What the final number of an answer may mean: that of the last `\boxed{…}`, else
 * the one that directly follows the last `answer is`, `answer:`, `result =` or
 * `####`, else the last. Empty where there is none.
 */
export function finalNumber(answer: string): readonly number[] {
  const text = evenNumbers(answer);
  const boxed = boxedIn(text);
  if (boxed !== undefined) {
    const inside = lastNumber(boxed);
    if (inside !== undefined) return inside.readings;
  }
  return (announcedIn(text) ?? lastNumber(text))?.readings ?? [];
}

/** Fractions and separators in one spelling. */
const evenNumbers = (text: string): string =>
  evenText(
    text
      .replace(/(?<=\d)(?:\\[,!;]|\{,\}|[\u00A0\u2009\u202F])(?=\d{3}(?!\d))/g, "")
      .replace(/\\[dt]?frac\{\s*(-?[\d.]{1,20})\s*\}\{\s*([\d.]{1,20})\s*\}/g, " $1/$2")
      .replace(/[\u00BC-\u00BE\u2150-\u215E]/g, (char) => ` ${char.normalize("NFKC").replace("\u2044", "/")}`)
      .replace(/[\u2070\u00B9\u00B2\u00B3\u2074-\u2079]+/g, (chars) => `^${chars.normalize("NFKC")}`),
  );

function boxedIn(text: string): string | undefined {
  const opening = "\\boxed{";
  const at = text.lastIndexOf(opening);
  if (at < 0) return undefined;
  const from = at + opening.length;
  let depth = 1;
  for (let end = from; end < Math.min(text.length, from + 400); end++) {
    depth += text[end] === "{" ? 1 : text[end] === "}" ? -1 : 0;
    if (depth === 0) return text.slice(from, end);
  }
  return undefined;
}

const ANNOUNCED = /\b(?:answer|result)\b[^.\n\d]{0,40}?(?:\bis\b|\bbe\b|:|=)|####/gi;
/** What may stand between the announcement and its number; after any other word it is told how, not what. */
const BETWEEN =
  /^(?:[^\p{L}\d]|(?:about|approximately|around|roughly|exactly|just|simply|equal|to|USD|EUR|GBP|Rs|\p{L})(?!\p{L}))*$/iu;
const WORKED_OUT = /^\s*(?:[-+*/×÷=]|\\times|\\cdot)\s*[\d($\\]/;

function announcedIn(text: string): FoundNumber | undefined {
  let at = -1;
  for (const { 0: announcement, index } of text.matchAll(ANNOUNCED)) at = index + announcement.length;
  if (at < 0) return undefined;
  const region = text.slice(at, at + 400);
  const [first, ...rest] = numbersIn(region);
  if (first === undefined || !BETWEEN.test(region.slice(0, first.start))) return undefined;
  if (!WORKED_OUT.test(region.slice(first.end))) return first;
  // It is worked out once more: 3 + 4 = 7.
  const newline = region.indexOf("\n", first.end);
  const lineEnd = newline < 0 ? region.length : newline;
  const equals = region.lastIndexOf("=", lineEnd);
  return equals < first.end ? undefined : rest.find(({ start, end }) => start > equals && end <= lineEnd);
}

function lastNumber(text: string): FoundNumber | undefined {
  let last: FoundNumber | undefined;
  for (const found of numbersIn(text)) if (!saysHowRounded(text, found)) last = found;
  return last;
}

const saysHowRounded = (text: string, { start, end }: FoundNumber): boolean =>
  /(?:rounded|round|correct|accurate) to (?:the nearest )?$|to the nearest $/i.test(
    text.slice(Math.max(0, start - 30), start),
  ) || /^[\s-]*(?:decimal|significant)/i.test(text.slice(end, end + 20));

const DIGITS = /\d(?:[\d.,'_]*\d)?/g;

function* numbersIn(text: string): Generator<FoundNumber> {
  let from = 0;
  let previous: FoundNumber | undefined;
  for (const { 0: digits, index } of text.matchAll(DIGITS)) {
    if (index < from || isPartOfName(text, index)) continue;
    const found = readAt(text, digits, index, previous);
    from = found.end;
    previous = found;
    yield found;
  }
}

/** `x2`, `CO2`, `x_1`, `m^2` and `10^{6}` hold digits that are no numbers of their own. */
const isPartOfName = (text: string, at: number): boolean =>
  /[\p{L}_^]$|[_^]\{$|\^-$|\^\{-$/u.test(text.slice(Math.max(0, at - 3), at));

function readAt(text: string, digits: string, index: number, previous: FoundNumber | undefined): FoundNumber {
  const sign = signBefore(text, index);
  const isBarePoint = /(?:^|[^\p{L}\d.])\.$/u.test(text.slice(Math.max(0, index - 2), index));
  const plain = isBarePoint ? Number(`0.${digits.replace(/\D.*$/s, "")}`) : valueOfDigits(digits);
  let value = plain;
  let end = index + digits.length;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    const found = pattern.exec(text.slice(end, end + 60));
    if (found !== null) end += found[0].length;
    return found;
  };

  const power =
    take(/^[eE]([+-]?\d{1,3})(?![\w.])/) ??
    take(/^\s*(?:×|x|\*|\\times|\\cdot)\s*10\s*\^\s*\{?\s*([+-]?\d{1,3})\}?/) ??
    undefined;
  if (power !== undefined) value *= 10 ** Number(power[1]);
  const under = take(/^\s?\/\s?(\d{1,15})(?![\d/]|[.,]\d)/);
  if (under !== null) {
    const share = value / Number(under[1]);
    const isMixed =
      previous !== undefined &&
      share < 1 &&
      /^ {1,2}$/.test(text.slice(previous.end, index)) &&
      previous.readings.length === 1;
    const whole = isMixed ? (previous.readings[0] ?? 0) : 0;
    if (isMixed && Number.isInteger(whole))
      return { readings: [whole + Math.sign(whole || 1) * share], start: previous.start, end };
    value = share;
  }
  const readings = [sign * value];
  if (take(/^\s*(?:\\?%|per\s?cent\b)/i) !== null) readings.push((sign * value) / 100);
  const scale = take(/^[\s-]*(thousand|million|billion|trillion)\b/i);
  if (scale !== null) readings.push(sign * value * (SCALES[scale[1]?.toLowerCase() ?? ""] ?? 1));
  return { readings, start: index, end };
}

const SCALES: Readonly<Record<string, number>> = { thousand: 1e3, million: 1e6, billion: 1e9, trillion: 1e12 };

/** -1 where a minus stands right before, with a currency's sign between at most, and is none between two numbers. */
function signBefore(text: string, at: number): 1 | -1 {
  const before = text
    .slice(Math.max(0, at - 5), at)
    .replace(/\s?\\?[$€£¥]\s?$/u, "")
    .replace(/\.$/, "");
  return /(?:^|[^\p{L}\d)\]}])\s?[-\u2013]$/u.test(before) && !/\d\s[-\u2013]$/.test(before) ? -1 : 1;
}

/** Digits with separators, of thousands or before decimals; of what is no one number, the last part. */
function valueOfDigits(digits: string): number {
  if (/^\d+$/.test(digits)) return Number(digits);
  const text = /^\d{1,3}(?:['_]\d{3})+(?!\d)/.test(digits)
    ? digits.replace(/['_]/g, "")
    : (digits.split(/['_]/).at(-1) ?? "");
  const point = text.lastIndexOf(".");
  const comma = text.lastIndexOf(",");
  if (comma < 0) {
    if (text.indexOf(".") === point) return Number(text);
    return Number(/^\d{1,3}(?:\.\d{3})+$/.test(text) ? text.replaceAll(".", "") : text.split(".").at(-1));
  }
  if (point < 0) {
    if (/^[1-9]\d{0,2}(?:,\d{3})+$/.test(text) || /^[1-9]\d?(?:,\d{2})+,\d{3}$/.test(text))
      return Number(text.replaceAll(",", ""));
    return Number(/^\d+,\d+$/.test(text) ? text.replace(",", ".") : text.split(",").at(-1));
  }
  if (/^\d{1,3}(?:,\d{2,3})+\.\d+$/.test(text)) return Number(text.replaceAll(",", ""));
  if (/^\d{1,3}(?:\.\d{3})+,\d+$/.test(text)) return Number(text.replaceAll(".", "").replace(",", "."));
  return valueOfDigits(text.split(",").at(-1) ?? "");
}
