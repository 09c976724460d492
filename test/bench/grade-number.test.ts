import { describe, expect, it } from "vitest";
import { finalNumber } from "../../src/bench/answer-number.ts";
import { gradeNumber } from "../../src/bench/grade-number.ts";

describe("the final number of an answer", () => {
  const spelled: readonly (readonly [string, number])[] = [
    ["42", 42],
    ["-42", -42],
    ["\u221242", -42],
    ["The sum is 42.", 42],
    ["12.5", 12.5],
    [".5", 0.5],
    ["1,234", 1234],
    ["1,234,567.89", 1_234_567.89],
    ["1.234.567,89", 1_234_567.89],
    ["1.234.567", 1_234_567],
    ["12,34,567", 1_234_567],
    ["1'234'567", 1_234_567],
    ["1_000_000", 1_000_000],
    ["1\u00A0234\u202F567", 1_234_567],
    ["12{,}345", 12_345],
    ["12\\,345", 12_345],
    ["3,5", 3.5],
    ["0,125", 0.125],
    ["€1,250.00", 1250],
    ["$ 1,250", 1250],
    ["-$5", -5],
    ["\\$12", 12],
    ["US$7", 7],
    ["Rs.500", 500],
    ["12 kg", 12],
    ["12kg", 12],
    ["50 m^2", 50],
    ["50 m\u00B2", 50],
    ["50 CO2", 50],
    ["3/4", 0.75],
    ["1 3/4", 1.75],
    ["-1 3/4", -1.75],
    ["2\u00BD cups", 2.5],
    ["\\frac{3}{4}", 0.75],
    ["2\\dfrac{1}{2}", 2.5],
    ["1.2e6", 1_200_000],
    ["1.2 \u00D7 10^6", 1_200_000],
    ["1.2 \\times 10^{-3}", 0.0012],
    ["3 × 10⁶", 3_000_000],
    ["x = 5 and y = 7", 7],
    ["10 - 3 = 7", 7],
    ["between 3\u20135", 5],
    ["**42**", 42],
    ["`42`", 42],
    ["(42)", 42],
  ];
  it.each(spelled)("%s", (text, value) => {
    const [reading] = finalNumber(text);
    expect(reading).toBeCloseTo(value, 9);
  });

  const chosen: readonly (readonly [string, number])[] = [
    ["3 boxes of 4 make 12", 12],
    ["12, since 3 boxes of 4", 4],
    ["The answer is 12, since 3 boxes of 4.", 12],
    ["**Answer:** 12\n\nCheck: 3 * 4 = 12, and 12 / 4 = 3.", 12],
    ["The answer is 3 + 4 = 7 apples, which is more than 5.", 7],
    ["The final answer is $\\boxed{7}$. I used 3 steps.", 7],
    ["First \\boxed{3}, then \\boxed{\\text{about } 4{,}500}", 4500],
    ["2 + 2 = 5\n#### 4", 4],
    ["To find the answer is easy: take the 4 boxes, and so on. In total 20", 20],
    ["The answer is simple.\nIt is 4 times 5, so 20", 20],
    ["Final answer:\n\n**$1,250.50**\n\nLet me know if 1 more thing is needed.", 1250.5],
    ["The result would be approximately 3.14", 3.14],
    ["3.14 (rounded to 2 decimal places)", 3.14],
    ["120, rounded to the nearest 10", 120],
    ["H2O has 18 g/mol", 18],
  ];
  it.each(chosen)("%s", (text, value) => {
    expect(finalNumber(text)[0]).toBe(value);
  });

  it("has readings where a percentage or a scale may be meant either way", () => {
    expect(finalNumber("25 %")).toEqual([25, 0.25]);
    expect(finalNumber("25 per cent")).toEqual([25, 0.25]);
    expect(finalNumber("1.5 million")).toEqual([1.5, 1_500_000]);
  });

  it.each(["", "none", "forty-two", "x2", "\\boxed{}", "CO2"])("there is none in %j", (text) => {
    expect(finalNumber(text)).toEqual([]);
  });
});

describe("grade number", () => {
  it.each([
    ["42", { value: 42 }, true],
    ["42.0", { value: 42 }, true],
    ["43", { value: 42 }, false],
    ["42.001", { value: 42 }, false],
    ["41.95", { value: 42, within: 0.05 }, true],
    ["41.94", { value: 42, within: 0.05 }, false],
    ["0.3", { value: 0.1 + 0.2 }, true],
    ["-42", { value: 42 }, false],
    ["420", { value: 42 }, false],
    ["12,500", { value: 12.5 }, false],
    ["25%", { value: 0.25 }, true],
    ["25%", { value: 25 }, true],
    ["24%", { value: 25 }, false],
    ["42, I think; or 43", { value: 42 }, false],
  ])("%s for %o", (text, grade, passed) => {
    const mark = gradeNumber(text, { kind: "number", ...grade });
    expect(mark).toMatchObject({ passed, score: passed ? 1 : 0 });
    expect(mark.notes.length).toBe(passed ? 0 : 1);
  });
});
