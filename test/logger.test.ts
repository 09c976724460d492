import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createLogger, hideSecrets } from "../src/logger.ts";

const SECRET = `tok"en\\with-${"odd".repeat(2)}/characters`;

/** What a logger that knows `secrets` writes. */
function logged(secrets: readonly string[], log: (logger: ReturnType<typeof createLogger>) => void): string {
  let text = "";
  const destination = {
    write: (line: string) => {
      text += line;
    },
  };
  log(createLogger({ level: "trace", destination, secrets: () => secrets }));
  return text;
}

describe("a secret that is known", () => {
  const places: [string, (logger: ReturnType<typeof createLogger>) => void][] = [
    ["the message", (logger) => logger.info(`sent ${SECRET} to it`)],
    ["a value", (logger) => logger.info({ sent: SECRET })],
    ["the middle of a value", (logger) => logger.info({ url: `wss://me:${SECRET}@host/` })],
    ["a name", (logger) => logger.info({ [SECRET]: 1 })],
    ["deep down", (logger) => logger.info({ a: { b: { c: [{ d: [SECRET] }] } } })],
    ["an error's message and stack", (logger) => logger.error({ err: new Error(`refused ${SECRET}`) })],
    ["an error's cause", (logger) => logger.error({ err: new Error("no", { cause: new Error(SECRET) }) })],
    ["an error's properties", (logger) => logger.error({ err: Object.assign(new Error("no"), { sent: SECRET }) })],
    ["an error that is logged by itself", (logger) => logger.error(new Error(SECRET))],
    ["what a child logger always says", (logger) => logger.child({ who: SECRET }).info("hello")],
    ["arguments of the message", (logger) => logger.info("sent %s and %o", SECRET, { SECRET })],
    ["JSON within a text", (logger) => logger.info(JSON.stringify({ sent: SECRET }))],
  ];

  it.each(places)("is hidden in %s", (_, log) => {
    const text = logged([SECRET], log);
    expect(text).toContain("[hidden]");
    expect(text).not.toContain("odd".repeat(2));
    for (const line of text.trim().split("\n")) expect(JSON.parse(line)).toMatchObject({ time: expect.any(String) });
  });

  it("is hidden from the moment on at which it is known", () => {
    const secrets: string[] = [];
    const text = logged(secrets, (logger) => {
      secrets.push("learnt-later");
      logger.info("learnt-later");
    });
    expect(text).not.toContain("learnt-later");
  });

  it("is hidden whole where it begins as another does", () => {
    expect(hideSecrets("it is secret-and-more.", ["secret", "secret-and-more"])).toBe("it is [hidden].");
  });

  it("is left alone where it is too short to be one: a text full of holes would protect nothing", () => {
    expect(hideSecrets("1 of 11 turns", ["1", "", "turns"])).toBe("1 of 11 turns");
  });

  it("is hidden whatever it is made of, and the line stays JSON", () => {
    const secret = fc.string({ minLength: 6, maxLength: 40, unit: "binary" });
    fc.assert(
      fc.property(fc.array(secret, { minLength: 1, maxLength: 3 }), fc.string(), (secrets, around) => {
        // A secret that is part of every line could not be told from it.
        fc.pre(secrets.every((one) => !`{"level":30,"time":"2026-11-22T`.includes(one) && !"[hidden]".includes(one)));
        const values = secrets.map((one) => around + one);
        const text = logged(secrets, (logger) => logger.info({ values }, "x"));
        const { values: written } = JSON.parse(text) as { values: string[] };
        for (const one of secrets) for (const value of written) expect(value).not.toContain(one);
      }),
    );
  });
});

describe("a secret that is not known but stands under a telling name", () => {
  it.each([
    "token",
    "apiKey",
    "api_key",
    "password",
    "authorization",
    "Authorization",
    "secret",
    "appToken",
    "botToken",
  ])("%s is hidden, however deep", (name) => {
    const value = "nobody-told";
    const text = logged([], (logger) => {
      logger.info({ [name]: value });
      logger.info({ a: { [name]: value } });
      logger.info({ a: { b: [{ c: { [name]: value } }] } });
      logger.error({ err: Object.assign(new Error("no"), { request: { headers: { [name]: value } } }) });
      logger.child({ server: { [name]: value } }).info("hello");
    });
    expect(text.match(/\[hidden\]/g)?.length).toBe(5);
    expect(text).not.toContain(value);
  });

  it("names that only resemble them are shown: how many tokens there were is no secret", () => {
    expect(logged([], (logger) => logger.info({ tokens: 12, inputTokens: 5, tokenCount: "7" }))).toMatch(
      /"tokens":12,"inputTokens":5,"tokenCount":"7"/,
    );
  });
});

it("writes one line of JSON whatever it is given", () => {
  const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true });
  fc.assert(
    fc.property(anything, (value) => {
      const text = logged(["learnt-later"], (logger) => logger.info({ value }, "x"));
      expect(text).toMatch(/^.*\n$/);
      expect(JSON.parse(text)).toMatchObject({ level: 30, msg: "x" });
    }),
  );
});

it("says when, and neither host nor process", () => {
  const entry = JSON.parse(logged([], (logger) => logger.info("hello")));
  expect(Object.keys(entry)).toEqual(["level", "time", "msg"]);
  expect(new Date(entry.time).toISOString()).toBe(entry.time);
});
