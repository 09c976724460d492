import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DiscordStandIn, startDiscord } from "./discord-stand-in.ts";
import { callbackIssues, commandIssues, messageIssues } from "./hand-rules.ts";
import { loadJudge, OPENAPI_FILE } from "./openapi-judge.ts";
import type { Exchange, Where } from "./people.ts";

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const button = (id: string, label = "x") => ({ type: 2, style: 1, label, custom_id: id });
const row = (...components: unknown[]) => ({ type: 1, components });

const byHand: readonly [string, readonly string[]][] = [
  ["embeds over 6000", messageIssues({ embeds: times(3, () => ({ description: "x".repeat(2001) })) })],
  ["an empty field value", messageIssues({ embeds: [{ fields: [{ name: "a", value: " " }] }] })],
  ["six rows", messageIssues({ components: times(6, (index) => row(button(`b${index}`))) })],
  ["a custom_id twice", messageIssues({ components: [row(button("same"), button("same"))] })],
  [
    "a menu beside a button",
    messageIssues({
      components: [row(button("a"), { type: 3, custom_id: "b", options: [{ label: "x", value: "x" }] })],
    }),
  ],
  ["a menu without options", messageIssues({ components: [row({ type: 3, custom_id: "b", options: [] })] })],
  ["V2 with content", messageIssues({ flags: 1 << 15, content: "x" })],
  ["V2 parts without the flag", messageIssues({ components: [{ type: 10, content: "x" }] })],
  ["an attachment without a file", messageIssues({ attachments: [{ id: "0", filename: "a.png" }] }, [])],
  ["an image that is nowhere", messageIssues({ embeds: [{ image: { url: "attachment://a.png" } }] }, ["b.png"])],
  ["an upper-case command", commandIssues({ name: "Model", description: "x" })],
  [
    "required after optional",
    commandIssues({
      name: "a",
      description: "x",
      options: [
        { name: "a", description: "x" },
        { name: "b", description: "x", required: true },
      ],
    }),
  ],
  [
    "autocomplete with choices",
    commandIssues({
      name: "a",
      description: "x",
      options: [{ name: "a", description: "x", autocomplete: true, choices: [{ name: "x", value: "x" }] }],
    }),
  ],
  [
    "a choice's value of 101",
    commandIssues({
      name: "a",
      description: "x",
      options: [{ name: "a", description: "x", choices: [{ name: "x", value: "x".repeat(101) }] }],
    }),
  ],
  [
    "8000 characters",
    commandIssues({
      name: "a",
      description: "x",
      options: times(25, (index) => ({
        name: `o${index}`,
        description: "d".repeat(100),
        choices: times(3, (n) => ({ name: `n${n}`.padEnd(90, "x"), value: "v" })),
      })),
    }),
  ],
  ["a deferral with other flags", callbackIssues({ type: 5, data: { flags: 1 << 15 } }, [])],
  [
    "an offered value of 101",
    callbackIssues({ type: 8, data: { choices: [{ name: "x", value: "x".repeat(101) }] } }, []),
  ],
];

describe("the hand-written rules", () => {
  it.each(byHand)("catch %s", (_what, issues) => expect(issues).toHaveLength(1));

  it("let pass what is right", () => {
    expect(messageIssues({ content: "x", components: [row(button("a"), button("b"))] })).toEqual([]);
    expect(
      commandIssues({
        name: "model",
        description: "x",
        options: [{ name: "a", description: "x", autocomplete: true }],
      }),
    ).toEqual([]);
  });
});

const judge = loadJudge();

describe("Discord's own description", () => {
  it("is at hand, or it is said that it is not", () => {
    if (judge === undefined)
      process.stderr.write(`Requests are checked by the hand-written rules alone: ${OPENAPI_FILE} is absent.\n`);
    expect(loadJudge("/nowhere.json")).toBeUndefined();
  });

  const callback = "/interactions/1/t/callback";
  const original = "/webhooks/1/t/messages/@original";
  const option = { type: 3, name: "a", description: "x" };
  const caught: readonly [string, string, string, unknown][] = [
    [
      "26 choices",
      "POST",
      callback,
      { type: 8, data: { choices: times(26, (index) => ({ name: "x", value: String(index) })) } },
    ],
    ["an empty choice", "POST", callback, { type: 8, data: { choices: [{ name: "", value: "x" }] } }],
    ["content of 2001", "PATCH", original, { content: "x".repeat(2001) }],
    ["a title of 257", "PATCH", original, { embeds: [{ title: "x".repeat(257) }] }],
    ["a field of 1025", "PATCH", original, { embeds: [{ fields: [{ name: "x", value: "x".repeat(1025) }] }] }],
    ["a label of 81", "PATCH", original, { components: [row(button("a", "x".repeat(81)))] }],
    ["six buttons", "PATCH", original, { components: [row(...times(6, (index) => button(`b${index}`)))] }],
    [
      "26 options",
      "PATCH",
      original,
      {
        components: [
          row({ type: 3, custom_id: "a", options: times(26, (index) => ({ label: "x", value: String(index) })) }),
        ],
      },
    ],
    ["a custom_id of 101", "PATCH", original, { components: [row(button("x".repeat(101)))] }],
    ["a command's name of 33", "POST", "/applications/1/commands", { name: "x".repeat(33), description: "x" }],
    [
      "an option's description of 101",
      "POST",
      "/applications/1/commands",
      { name: "a", options: [{ ...option, description: "x".repeat(101) }] },
    ],
    ["a key that nobody knows", "POST", "/channels/1/messages", { contents: "x" }],
    ["a path that is none", "POST", "/channel/1/messages", { content: "x" }],
    ["a body that is missing", "POST", "/channels/1/messages", undefined],
  ];
  it.skipIf(judge === undefined).each(caught)("catches %s", (_what, method, path, body) => {
    expect(judge?.issues(method, path, body)).not.toEqual([]);
  });

  it.skipIf(judge === undefined).each([
    ["PATCH", original, { content: "x", embeds: [{ title: "x" }], components: [row(button("a"))] }],
    ["POST", callback, { type: 5, data: { flags: 64 } }],
    ["POST", callback, { type: 6 }],
    ["POST", callback, { type: 8, data: { choices: [{ name: "x", value: "x" }] } }],
    [
      "POST",
      "/applications/1/commands",
      { name: "a", description: "x", default_member_permissions: "16", options: [option] },
    ],
    ["GET", "/gateway/bot", undefined],
  ])("lets pass %s %s", (method, path, body) => {
    expect(judge?.issues(method, path, body)).toEqual([]);
  });
});

describe("the stand-in", () => {
  let discord: DiscordStandIn;
  let where: Where;
  let exchange: Exchange;
  beforeEach(async () => {
    discord = await startDiscord();
    where = { by: discord.world.person("anna"), in: discord.world.textChannel() };
    await call("POST", `/applications/${discord.applicationId}/commands`, { name: "model", description: "x" });
    exchange = discord.command("model", {}, where);
  });
  afterEach(() => discord.close());

  async function call(method: string, path: string, body?: unknown) {
    const response = await fetch(`${discord.apiUrl}/v10${path}`, {
      method,
      headers: { authorization: `Bot ${discord.token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      type: response.headers.get("content-type"),
      body: text === "" ? undefined : JSON.parse(text),
    };
  }
  const callback = (body: unknown, { interaction } = exchange) =>
    call("POST", `/interactions/${interaction.id}/${interaction.token}/callback`, body);
  const webhook = (method: string, rest: string, body?: unknown) =>
    call(method, `/webhooks/${discord.applicationId}/${exchange.interaction.token}${rest}`, body);

  it("takes one answer, within three seconds", async () => {
    expect(await callback({ type: 5 })).toEqual({ status: 204, type: null, body: undefined });
    expect(await callback({ type: 5 })).toMatchObject({ status: 400, body: { code: 40060 } });
    const late = discord.command("model", {}, where);
    discord.advance(3_001);
    expect(await callback({ type: 5 }, late)).toMatchObject({ status: 404, body: { code: 10062 } });
    expect(await late.acknowledgement()).toBeUndefined();
  });

  it("knows no webhook before the answer, and none after 15 minutes", async () => {
    expect(await webhook("PATCH", "/messages/@original", { content: "x" })).toMatchObject({
      status: 404,
      body: { code: 10015 },
    });
    await callback({ type: 5 });
    expect(exchange.messages()).toMatchObject([{ loading: true, ephemeral: false }]);
    expect(await webhook("PATCH", "/messages/@original", { content: "x" })).toMatchObject({ status: 200 });
    expect(exchange.messages()).toMatchObject([{ loading: false, text: "x" }]);
    discord.advance(15 * 60_000 + 1);
    expect(await webhook("PATCH", "/messages/@original", { content: "x" })).toMatchObject({
      status: 401,
      body: { code: 50027 },
    });
  });

  it("takes the first follow-up for the answer, with the visibility of the deferral", async () => {
    await callback({ type: 5, data: { flags: 64 } });
    await webhook("POST", "", { content: "first" });
    await webhook("POST", "", { content: "second" });
    expect(exchange.messages()).toMatchObject([
      { text: "first", ephemeral: true },
      { text: "second", ephemeral: false },
    ]);
    expect(discord.screen({ ...where, by: discord.world.person("ben") }).map(({ text }) => text)).toEqual(["second"]);
  });

  it("hides what is ephemeral from the channel's own routes", async () => {
    await callback({ type: 4, data: { content: "x", flags: 64 } });
    const [message] = exchange.messages();
    expect(await call("PATCH", `/channels/${where.in.id}/messages/${message?.id}`, { content: "y" })).toMatchObject({
      status: 404,
      body: { code: 10008 },
    });
  });

  it("refuses and records what Discord would not take", async () => {
    expect(await callback({ type: 4, data: { embeds: [{ fields: [{ name: "", value: "" }] }] } })).toMatchObject({
      status: 400,
      body: { code: 50035 },
    });
    expect(discord.violations.length).toBeGreaterThan(0);
    expect(await callback({ type: 4, data: { content: "" } })).toMatchObject({ status: 400, body: { code: 50006 } });
    expect(await callback({ type: 8, data: { choices: [] } })).toMatchObject({ status: 400 });
    expect(await call("GET", "/nonsense")).toMatchObject({ status: discord.judged ? 400 : 404 });
  });

  it("wants the bot's token, and fails as it is told to", async () => {
    discord.token = "another";
    expect((await fetch(`${discord.apiUrl}/v10/users/@me`)).status).toBe(401);
    discord.fail({ status: 503, path: /users/, times: 1 });
    discord.fail({ status: 429, retryAfterMs: 1_500 });
    expect(await call("GET", "/users/@me")).toMatchObject({ status: 503 });
    expect(await call("GET", "/users/@me")).toMatchObject({ status: 429, body: { retry_after: 1.5 } });
    expect(await call("GET", "/users/@me")).toMatchObject({ status: 200 });
  });

  it("keeps commands as Discord does", async () => {
    const commands = `/applications/${discord.applicationId}/commands`;
    const [model] = (await call("GET", commands)).body;
    expect(await call("POST", commands, { name: "model", description: "y" })).toMatchObject({
      status: 200,
      body: { id: model.id },
    });
    expect(await call("POST", commands, { name: "usage", description: "y" })).toMatchObject({ status: 201 });
    expect(await call("PATCH", `${commands}/${model.id}`, { default_member_permissions: "16" })).toMatchObject({
      body: { name: "model", default_member_permissions: "16" },
    });
    expect(await call("DELETE", `${commands}/${model.id}`)).toMatchObject({ status: 204, type: null });
    expect(await call("DELETE", `${commands}/${model.id}`)).toMatchObject({ status: 404, body: { code: 10063 } });
    expect(await call("PUT", commands, [{ name: "a", description: "x" }])).toMatchObject({ status: 200 });
    expect((await call("GET", commands)).body).toMatchObject([
      { name: "a", type: 1, default_member_permissions: null },
    ]);
    expect(() => discord.command("model", {}, where)).toThrow("not offered");
  });

  it.skipIf(judge === undefined)("answers as Discord describes it", async () => {
    await callback({ type: 4, data: { embeds: [{ title: "x" }], components: [row(button("a"))] } });
    const message = (await webhook("GET", "/messages/@original")).body;
    expect(judge?.matches("MessageResponse", message)).toEqual([]);
    const [command] = (await call("GET", `/applications/${discord.applicationId}/commands`)).body;
    expect(judge?.matches("ApplicationCommandResponse", command)).toEqual([]);
    expect(judge?.matches("GatewayBotResponse", (await call("GET", "/gateway/bot")).body)).toEqual([]);
  });
});
