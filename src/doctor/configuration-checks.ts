import { stat } from "node:fs/promises";
import { type Check, configCheck, type Finding, ok, problem, skipped, warning } from "./check.ts";

/** Platforms on which people can be. */
const PLATFORMS = ["discord", "slack", "terminal"] as const;

export const configFileCheck: Check = {
  part: "configuration",
  name: "File",
  async look({ config, configProblem }) {
    if (configProblem !== undefined) return problem("broken", configProblem);
    const { path, plainSecrets } = config;
    if (path === undefined) {
      return ok("There is no clutch.config.json here, so everything is at its default; clutch init writes one.");
    }
    const { mode } = await stat(path);
    const isOpen = process.platform !== "win32" && (mode & 0o077) !== 0;
    if (plainSecrets.length === 0) return ok(`${path} is in order.`);
    const named = plainSecrets.join(", ");
    if (isOpen) {
      return warning(
        `${path} holds secrets themselves (${named}), and other users of this machine may read or change it.`,
        `chmod 600 ${path}, or write them as env:NAME or file:PATH`,
      );
    }
    return ok(`${path} is in order. It holds secrets themselves (${named}) and is closed to others.`);
  },
};

export const secretsCheck: Check = configCheck({
  part: "configuration",
  name: "Secrets by reference",
  async look({ config: { secrets, plainSecrets } }) {
    const references = secrets.length - plainSecrets.length;
    if (references <= 0) return skipped("None is named by env: or file:.");
    return ok(references === 1 ? "The one that is named is there." : `All ${references} that are named are there.`);
  },
});

export const ownersCheck: Check = configCheck({
  part: "configuration",
  name: "Owners",
  async look({ config }) {
    const { owners, operators } = config.access;
    const findings: Finding[] = [];
    const platforms: readonly string[] = [...PLATFORMS, ...Object.keys(config.platforms)];
    const unknown = [...owners, ...operators].filter(
      (entry) => entry !== "*" && !platforms.includes(platformOf(entry)),
    );
    if (unknown.length > 0) {
      findings.push(
        warning(
          `Nobody can be ${unknown.join(", ")}: Clutch knows the platforms ${platforms.join(", ")}.`,
          "access.owners and access.operators in clutch.config.json, such as discord:123456789 or slack:U0ABC",
        ),
      );
    }
    const absent = [...new Set(owners.map(platformOf))].filter(
      (platform) => (platform === "discord" || platform === "slack") && config[platform] === undefined,
    );
    if (absent.length > 0) {
      findings.push(
        warning(
          `Owners are named for ${absent.join(" and ")}, which is not set up here: they cannot type anything.`,
          `the section ${absent.join(" and ")} in clutch.config.json; clutch init writes it`,
        ),
      );
    }
    if (owners.length === 0) {
      const { discord, slack } = config;
      const isHeard = discord !== undefined || slack !== undefined || Object.keys(config.platforms).length > 0;
      const found =
        "No owner is named, so nobody may change anything from a chat; only the terminal of clutch start may.";
      findings.push(
        isHeard
          ? warning(found, 'access.owners in clutch.config.json, such as ["discord:123456789"]')
          : ok(`${found} No chat platform is set up either.`),
      );
    } else if (owners.includes("*")) {
      findings.push(
        warning(
          "Everybody is an owner (*): whoever can write to Clutch may change the system.",
          'access.owners in clutch.config.json, such as ["discord:123456789"]',
        ),
      );
    }
    if (findings.length > 0) return findings;
    return ok(owners.length === 1 ? "One owner is named." : `${owners.length} owners are named.`);
  },
});

const platformOf = (entry: string): string => entry.split(":")[0] ?? "";
