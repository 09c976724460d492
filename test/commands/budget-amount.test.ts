import fc from "fast-check";
import { expect, it } from "vitest";
import { parseUsdCents } from "../../commands/budget-amount.ts";
import { ClutchError } from "../../src/errors.ts";

it.each([
  ["$5", 500],
  ["5", 500],
  ["5 USD", 500],
  ["usd 5", 500],
  ["5$", 500],
  ["US$ 5", 500],
  ["0.50", 50],
  [".5", 50],
  ["$0.01", 1],
  ["  $12.3  ", 1_230],
  ["005", 500],
  ["1000000", 100_000_000],
])("%s is %i cents", (text, cents) => {
  expect(parseUsdCents(text)).toBe(cents);
});

it.each([
  ["-5", /less than nothing/],
  ["$-5", /less than nothing/],
  ["−5", /less than nothing/],
  ["0", /nothing to spend/],
  ["$0.00", /nothing to spend/],
  ["5 EUR", /another currency/],
  ["€5", /another currency/],
  ["5 £", /another currency/],
  ["1,000", /comma/],
  ["0,50", /comma/],
  ["0.005", /finer than a cent/],
  ["1000000.01", /more than a million/],
  ["99999999999999999999", /more than a million/],
  ["five", /no amount/],
  ["", /no amount/],
  [".", /no amount/],
  ["1.2.3", /no amount/],
  ["1e3", /no amount/],
  ["$5 USD", /no amount/],
  ["5 apples", /no amount/],
  ["NaN", /no amount/],
  ["Infinity", /no amount/],
  ["0x10", /no amount/],
  ["5%", /no amount/],
])("%s is refused", (text, why) => {
  expect(() => parseUsdCents(text)).toThrow(why);
});

it("whatever is typed, it is whole cents within the bounds or a refusal", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "grapheme" }), fc.stringMatching(/^[-$€ 0-9.,USDe]{0,12}$/)), (text) => {
      try {
        const cents = parseUsdCents(text);
        expect(Number.isSafeInteger(cents) && cents >= 1 && cents <= 100_000_000).toBe(true);
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ClutchError);
        expect((thrown as ClutchError).code).toBe("bad_option");
        expect((thrown as ClutchError).hint).not.toBe("");
      }
    }),
    { numRuns: 2_000 },
  );
});
