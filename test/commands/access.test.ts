import { describe, expect, it } from "vitest";
import { levelOf } from "../../commands/access.ts";
import type { AccessLevel, Person } from "../../commands/command.ts";

const lists = {
  owners: ["discord:1", "discord:role:10", "*"],
  operators: ["slack:U1", "slack:group:S1", "discord:role:20"],
  viewers: ["discord:3"],
};

const cases: readonly [string, Person, AccessLevel | undefined][] = [
  ["a person by id", { platform: "discord", id: "1" }, "owner"],
  ["the same id on another platform", { platform: "slack", id: "1" }, undefined],
  ["a person by role", { platform: "discord", id: "9", groups: ["role:10"] }, "owner"],
  ["the highest of several roles", { platform: "discord", id: "9", groups: ["role:20", "role:10"] }, "owner"],
  ["a role that nobody listed", { platform: "discord", id: "9", groups: ["role:30"] }, undefined],
  ["the same role id on another platform", { platform: "slack", id: "U9", groups: ["role:10"] }, undefined],
  ["a user group", { platform: "slack", id: "U9", groups: ["group:S1"] }, "operator"],
  ["a person whose id is that of a role", { platform: "discord", id: "10" }, undefined],
  ["a role whose id is that of a person", { platform: "discord", id: "9", groups: ["role:1"] }, undefined],
  ["a listed person with roles that say nothing", { platform: "discord", id: "3", groups: ["role:30"] }, "viewer"],
  ["a stranger: everybody is never an owner", { platform: "discord", id: "9" }, undefined],
];

describe("levelOf", () => {
  it.each(cases)("%s", (_name, person, level) => {
    expect(levelOf(person, lists)).toBe(level);
  });

  it("takes `*` for everybody among operators and viewers", () => {
    const person: Person = { platform: "terminal", id: "x" };
    expect(levelOf(person, { owners: [], operators: [], viewers: ["*"] })).toBe("viewer");
    expect(levelOf(person, { owners: [], operators: ["*"], viewers: [] })).toBe("operator");
  });
});
