import ipaddr from "ipaddr.js";
import { ClutchError } from "../errors.ts";

/** Whose connections the rules hold: everything in a service, its children included, or everything of a user. */
export type Held =
  | { readonly kind: "cgroup" /** As in /proc/PID/cgroup, without the slash before it. */; readonly path: string }
  | { readonly kind: "user"; readonly uid: number };

/**
 * Rules for nftables by which what they hold reaches nothing but this machine, the
 * wall included, and the model servers that are named: also a program that ignores
 * the proxy. They are not switched by local-only mode: with them OpenClaw's whole
 * network is what the wall lets through. Throws `bad_option` for a server that is
 * named by a name: a firewall knows addresses.
 */
export function firewallRules(parts: {
  readonly held: Held;
  /** Model servers of this network, `host:port`. */
  readonly local: readonly string[];
}): string {
  const { held, local } = parts;
  const servers = local.map(addressOf).filter((server) => server !== undefined);
  const match =
    held.kind === "user"
      ? `meta skuid ${held.uid}`
      : `socket cgroupv2 level ${held.path.split("/").length} "${held.path.replaceAll('"', "")}"`;
  return `# What ${held.kind === "user" ? `user ${held.uid}` : held.path} may reach: this machine, with the wall, and these model servers.
# Load: sudo nft -f FILE. Take away: sudo nft delete table inet clutch. Over restarts: include it in /etc/nftables.conf.
table inet clutch
delete table inet clutch
table inet clutch {
  chain output {
    type filter hook output priority filter; policy accept;
    ${match} jump held
  }
  chain held {
    oifname "lo" accept
${servers.map(({ family, host, port }) => `    ${family} daddr ${host} tcp dport ${port} accept\n`).join("")}    counter reject with icmpx admin-prohibited
  }
}
`;
}

interface Server {
  readonly family: "ip" | "ip6";
  readonly host: string;
  readonly port: number;
}

/** Undefined for this machine, which passes anyhow. */
function addressOf(rule: string): Server | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(rule) ?? [];
  const host = bracketed ?? plain ?? "";
  if (host === "localhost") return undefined;
  if (!ipaddr.isValid(host)) {
    throw new ClutchError(
      "bad_option",
      `The model server “${rule.slice(0, 80)}” is named by a name, and a firewall knows addresses.`,
      {
        hint: "Name it by its address, such as 192.168.1.20:11434.",
      },
    );
  }
  const address = ipaddr.process(host);
  if (address.range() === "loopback") return undefined;
  return { family: address.kind() === "ipv4" ? "ip" : "ip6", host: address.toString(), port: Number(digits) };
}
