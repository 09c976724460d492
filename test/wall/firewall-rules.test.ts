import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { firewallRules } from "../../src/wall/firewall-rules.ts";

const user = { kind: "user", uid: 1001 } as const;

describe("firewall rules", () => {
  it("hold a user, or a service with its children, and nobody else", () => {
    expect(firewallRules({ held: user, local: [] })).toContain("    meta skuid 1001 jump held\n");
    const path = "user.slice/user-1000.slice/user@1000.service/app.slice/openclaw-gateway.service";
    expect(firewallRules({ held: { kind: "cgroup", path }, local: [] })).toContain(
      `    socket cgroupv2 level 5 "${path}" jump held\n`,
    );
    expect(firewallRules({ held: user, local: [] })).toContain("policy accept;");
  });

  it("let this machine and the model servers of the network pass, by port, and refuse the rest last", () => {
    const rules = firewallRules({ held: user, local: ["127.0.0.1:11434", "192.168.1.20:11434", "[fd00::7]:8080"] });
    const held = rules
      .slice(rules.indexOf("chain held"))
      .split("\n")
      .map((line) => line.trim());
    expect(held.slice(1, 5)).toEqual([
      'oifname "lo" accept',
      "ip daddr 192.168.1.20 tcp dport 11434 accept",
      "ip6 daddr fd00::7 tcp dport 8080 accept",
      "counter reject with icmpx admin-prohibited",
    ]);
  });

  it("refuse a server that is only a name", () => {
    expect(() => firewallRules({ held: user, local: ["nucbox.lan:11434"] })).toThrowError(
      expect.objectContaining({ code: "bad_option" }),
    );
  });

  it("are what nft understands", ({ skip }) => {
    // It asks the kernel, which takes root; where there is no nft nothing can be said.
    const check = (input: string): void =>
      void execFileSync("nft", ["-c", "-f", "-"], { input, stdio: ["pipe", "pipe", "pipe"] });
    try {
      check("table inet clutch_test_probe\n");
    } catch {
      skip("nft is not here, or may not be used");
    }
    const local = ["192.168.1.20:11434", "[fd00::7]:8080"];
    expect(() => check(firewallRules({ held: user, local }))).not.toThrow();
    expect(() => check(`${firewallRules({ held: user, local })} nonsense`)).toThrow();
  });
});
