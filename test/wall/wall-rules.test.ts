import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalHost, createJudge, localRuleOf } from "../../src/wall/wall-rules.ts";

const judge = createJudge({
  allow: ["discord.com", "Slack.com.", "gateway.example:443", "intranet", "203.0.113.7", "bücher.example"],
  local: ["127.0.0.1:11434", "192.168.1.20:8080", "ollama.lan:11434", "[fd00::5]:1234"],
});

/** Host as a client writes it, port, what DNS answers, expected reason. */
type Case = readonly [host: string, port: number, addresses: readonly string[], reason: string];

const NAMED: readonly Case[] = [
  ["discord.com", 443, ["162.159.128.233"], "allowed"],
  ["DISCORD.COM", 443, ["162.159.128.233"], "allowed"],
  ["discord.com.", 443, ["162.159.128.233"], "allowed"],
  ["gateway.discord.com", 443, ["162.159.128.233"], "allowed"],
  ["a.b.c.discord.com.", 8443, ["162.159.128.233"], "allowed"],
  ["slack.com", 443, ["3.68.1.1"], "allowed"],
  ["gateway.example", 443, ["203.0.113.1"], "allowed"],
  ["below.gateway.example", 443, ["203.0.113.1"], "allowed"],
  ["intranet", 80, ["10.0.0.9"], "allowed"],
  ["203.0.113.7", 443, ["203.0.113.7"], "allowed"],
  ["::ffff:203.0.113.7", 443, ["203.0.113.7"], "allowed"],
  ["xn--bcher-kva.example", 443, ["203.0.113.1"], "allowed"],
  ["127.0.0.1", 11434, ["127.0.0.1"], "local"],
  ["localhost", 11434, ["127.0.0.1", "::1"], "local"],
  ["LocalHost.", 11434, ["127.0.0.1"], "local"],
  ["[::1]", 11434, ["::1"], "local"],
  ["127.1", 11434, ["127.0.0.1"], "local"],
  ["2130706433", 11434, ["127.0.0.1"], "local"],
  ["0x7f000001", 11434, ["127.0.0.1"], "local"],
  ["0177.0.0.1", 11434, ["127.0.0.1"], "local"],
  ["[::ffff:127.0.0.1]", 11434, ["127.0.0.1"], "local"],
  ["[::ffff:7f00:1]", 11434, ["127.0.0.1"], "local"],
  ["192.168.1.20", 8080, ["192.168.1.20"], "local"],
  ["3232235796", 8080, ["192.168.1.20"], "local"],
  ["ollama.lan", 11434, ["192.168.1.30", "fd00::30"], "local"],
  ["OLLAMA.lan.", 11434, ["100.64.0.3"], "local"],
  ["[FD00:0:0:0::5]", 1234, ["fd00::5"], "local"],
];

const REFUSED: readonly Case[] = [
  ["api.anthropic.com", 443, ["160.79.104.10"], "not-named"],
  ["evil-discord.com", 443, ["203.0.113.1"], "not-named"],
  ["discord.com.evil.com", 443, ["203.0.113.1"], "not-named"],
  ["discord.com..", 443, ["203.0.113.1"], "not-named"],
  ["discord.com@evil.com", 443, ["203.0.113.1"], "not-named"],
  ["evil.com#discord.com", 443, ["203.0.113.1"], "not-named"],
  ["evil.com/.discord.com", 443, ["203.0.113.1"], "not-named"],
  ["evil.com\\.discord.com", 443, ["203.0.113.1"], "not-named"],
  ["evil.com?.discord.com", 443, ["203.0.113.1"], "not-named"],
  [".discord.com.evil.com", 443, ["203.0.113.1"], "not-named"],
  ["com", 443, ["203.0.113.1"], "not-named"],
  ["below.intranet", 80, ["203.0.113.1"], "not-named"],
  ["gateway.example", 80, ["203.0.113.1"], "not-named"],
  ["162.159.128.233", 443, ["162.159.128.233"], "not-named"],
  ["1.203.0.113.7", 443, ["203.0.113.1"], "not-named"],
  ["127.0.0.1", 4000, ["127.0.0.1"], "not-named"],
  ["localhost", 443, ["127.0.0.1"], "not-named"],
  ["0.0.0.0", 11434, ["0.0.0.0"], "not-named"],
  ["[::]", 11434, ["::"], "not-named"],
  ["127.0.0.2", 11434, ["127.0.0.2"], "not-named"],
  ["[::ffff:160.79.104.10]", 443, ["160.79.104.10"], "not-named"],
  ["[64:ff9b::a04f:680a]", 443, ["64:ff9b::a04f:680a"], "not-named"],
  ["[2002:a04f:680a::1]", 443, ["2002:a04f:680a::1"], "not-named"],
  ["2689558538", 443, ["160.79.104.10"], "not-named"],
  ["0xa0.0x4f.0x68.0x0a", 443, ["160.79.104.10"], "not-named"],
  ["0240.0117.0150.012", 443, ["160.79.104.10"], "not-named"],
  ["169.254.169.254", 80, ["169.254.169.254"], "not-named"],
  ["127.0.0.1.nip.io", 11434, ["127.0.0.1"], "not-named"],
  ["localhost.evil.com", 11434, ["127.0.0.1"], "not-named"],
  ["ollama.lan.evil.com", 11434, ["192.168.1.30"], "not-named"],
  ["10.0.0.1", 11434, ["10.0.0.1"], "not-named"],
  ["ollama.lan", 11434, ["203.0.113.1"], "not-private"],
  ["ollama.lan", 11434, ["192.168.1.30", "203.0.113.1"], "not-private"],
  ["ollama.lan", 11434, ["2606:4700::1111"], "not-private"],
  ["ollama.lan", 11434, ["::ffff:203.0.113.1"], "not-private"],
  ["ollama.lan", 11434, ["not an address"], "not-private"],
  ["localhost", 11434, ["203.0.113.1"], "not-private"],
];

describe("rules of a closed wall", () => {
  it.each(NAMED)("%s:%i at %j passes: %s", (host, port, addresses, reason) => {
    expect(judge({ host: canonicalHost(host), port }, addresses)).toEqual({ pass: true, reason });
  });

  it.each(REFUSED)("%s:%i at %j is refused: %s", (host, port, addresses, reason) => {
    expect(judge({ host: canonicalHost(host), port }, addresses)).toEqual({ pass: false, reason });
  });

  it("gives every spelling of an IPv4 address as the same host", () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.constantFrom("plain", "number", "hex", "octal", "mapped", "dot"), (address, how) => {
        const parts = address.split(".").map(Number);
        const number = parts.reduce((sum, part) => sum * 256 + part, 0);
        const spelt = {
          plain: address,
          number: String(number),
          hex: `0x${number.toString(16)}`,
          octal: parts.map((part) => `0${part.toString(8)}`).join("."),
          mapped: `[::FFFF:${address}]`,
          dot: `${address}.`,
        }[how];
        expect(canonicalHost(spelt)).toBe(address);
      }),
    );
  });

  it("lets no host pass that does not end in a named one", () => {
    const closed = createJudge({ allow: ["discord.com"], local: [] });
    const almost = fc
      .tuple(fc.domain(), fc.constantFrom("/", "#", "?", "@", "\\", "%2f", "-", "\t", ":1"))
      .map(([domain, mark]) => `${domain}${mark}discord.com`);
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.string(), almost), fc.nat(65_535), (host, port) => {
        fc.pre(!/(^|\.)discord\.com\.?$/i.test(host));
        expect(closed({ host: canonicalHost(host), port }).pass).toBe(false);
      }),
    );
  });

  it.each([
    "",
    "*",
    "*.com",
    "a b",
    "http://discord.com",
    "discord.com:0",
    "discord.com:70000",
    "-a.com",
    "user@host",
    "[zz]",
  ])("refuses the rule %j", (rule) => {
    expect(() => createJudge({ allow: [rule], local: [] })).toThrow(/no host that the wall could know/);
  });

  it("wants a port for a local server", () => {
    expect(() => createJudge({ allow: [], local: ["192.168.1.20"] })).toThrow(/has no port/);
  });

  it.each([
    ["http://127.0.0.1:11434", "127.0.0.1:11434"],
    ["https://box.lan/v1", "box.lan:443"],
    ["http://box.lan/v1", "box.lan:80"],
    ["http://[::1]:8080/", "[::1]:8080"],
    ["nonsense", undefined],
  ])("takes %s as %s", (baseUrl, rule) => {
    expect(localRuleOf(baseUrl)).toBe(rule);
    if (rule !== undefined) expect(() => createJudge({ allow: [], local: [rule] })).not.toThrow();
  });
});
