import { pino } from "pino";
import { afterEach, describe, expect, it } from "vitest";
import { lookAtSlack } from "../../../adapters/slack/look-at-slack.ts";
import { openSlackStandIn, type SlackStandIn } from "../../platforms/slack/slack-stand-in.ts";

let slack: SlackStandIn;
afterEach(() => slack.close());

const log: string[] = [];
const logger = pino({ level: "trace" }, { write: (line: string) => void log.push(line) });

async function look(more: Partial<Parameters<typeof lookAtSlack>[0]> = {}, bots: readonly string[] = []) {
  const { app, apiUrl } = slack;
  const seen = lookAtSlack({
    ...{ mode: "socket", botToken: app.botToken, appToken: app.appToken, apiUrl, groups: [], logger },
    ...more,
  });
  const found = await seen.look({
    deep: false,
    signal: new AbortController().signal,
    bots: bots.map((id) => ({ platform: "slack", id })),
  });
  return new Map(found.map((finding) => [finding.name, finding]));
}

describe("a look at Slack", () => {
  it("finds both tokens and all scopes, and opens no socket", async () => {
    slack = await openSlackStandIn();
    const found = await look();
    for (const name of ["bot token", "scopes", "app token", "app"])
      expect(found.get(name)).toMatchObject({ state: "ok" });
    expect(found.get("commands")).toMatchObject({ state: "skipped" });
    expect(slack.journal.map(({ method }) => method).sort()).toEqual(["apps.connections.open", "auth.test"]);
  });

  it("a bot token that Slack refuses is broken, and so is an app token, each without being repeated", async () => {
    slack = await openSlackStandIn();
    const found = await look({ botToken: "xoxb-wrong", appToken: "xapp-wrong" });
    expect(found.get("bot token")).toMatchObject({ state: "broken", found: expect.stringContaining("xoxb-…") });
    expect(found.get("app token")).toMatchObject({ state: "broken", found: expect.stringContaining("xapp-…") });
    expect(found.has("scopes")).toBe(false);
    expect(JSON.stringify([...found.values()])).not.toMatch(/xoxb-wrong|xapp-wrong/);
    expect(log.join("")).not.toMatch(/xoxb-wrong|xapp-wrong/);
  });

  it("scopes that are missing are named, by what they are needed for", async () => {
    slack = await openSlackStandIn();
    slack.app.scopes.delete("files:write");
    expect((await look()).get("scopes")).toMatchObject({
      state: "warning",
      found: expect.stringContaining("files:write"),
    });
    slack.app.scopes.delete("chat:write");
    expect((await look()).get("scopes")).toMatchObject({
      state: "broken",
      found: expect.stringContaining("chat:write"),
    });
  });

  it("user groups in the access lists need a scope of their own", async () => {
    slack = await openSlackStandIn();
    expect((await look({ groups: ["S1"] })).get("scopes")).toMatchObject({
      state: "broken",
      found: expect.stringContaining("usergroups:read"),
    });
  });

  it("an app that OpenClaw uses too is broken", async () => {
    slack = await openSlackStandIn();
    expect((await look({}, [slack.app.botId])).get("app")).toMatchObject({ state: "broken" });
  });

  it("in HTTP mode there is no app token to try", async () => {
    slack = await openSlackStandIn();
    expect((await look({ mode: "http" })).get("app token")).toMatchObject({ state: "skipped" });
    expect(slack.journal.map(({ method }) => method)).toEqual(["auth.test"]);
  });
});
