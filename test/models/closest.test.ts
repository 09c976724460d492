import { expect, it } from "vitest";
import { closestTo } from "../../src/models/closest.ts";

const COMMANDS = ["/model", "/localonly", "/usage", "/bench", "/clutch", "/help"];

it.each([
  ["modle", ["/model"]],
  ["MODEL", ["/model"]],
  ["usag", ["/usage"]],
  ["localony", ["/localonly"]],
  ["/hepl", ["/help"]],
  ["weather", []],
  ["", []],
  ["x".repeat(10_000), []],
])("%s: %j", (typed, found) => {
  expect(closestTo(typed, COMMANDS)).toEqual(found);
});

it("gives the nearest first, and takes no short name for another", () => {
  expect(closestTo("main2", ["maine", "main", "mail"])).toEqual(["maine", "main", "mail"]);
  expect(closestTo("7d", ["1d", "30d"])).toEqual([]);
});
