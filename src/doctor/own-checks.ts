import { clutchVersion } from "../clutch-version.ts";
import { type Check, ok, skipped, warning } from "./check.ts";

/** As package.json's `engines` says. */
const LEAST_NODE = "24.16.0";

export const nodeCheck: Check = {
  part: "Clutch",
  name: "Node",
  async look() {
    const version = process.versions.node;
    if (version.localeCompare(LEAST_NODE, "en", { numeric: true }) >= 0)
      return ok(`Clutch ${clutchVersion()}, on Node ${version}.`);
    return warning(
      `Node ${version} is older than what Clutch needs (${LEAST_NODE}): parts of it may fail.`,
      "install Node 24 (https://nodejs.org), then run Clutch again",
    );
  },
};

export const timeSyncCheck: Check = {
  part: "clock",
  name: "Set by the network",
  async look({ system }) {
    const answer = await system.run("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
    if (answer === "yes") return ok("This machine's clock is kept right by time servers.");
    if (answer === "no") {
      return warning(
        "No time server sets this machine's clock: schedules, days and prices go by it.",
        "sudo timedatectl set-ntp true",
      );
    }
    return skipped("This system does not tell whether time servers set its clock (timedatectl).");
  },
};

/** Time that a clock may be off before anything is said, ms. */
const JUMP_MS = 5_000;

export const clockJumpCheck: Check = {
  part: "clock",
  name: "Steady",
  async look() {
    const jump = Math.round(Date.now() - performance.timeOrigin - performance.now());
    if (Math.abs(jump) < JUMP_MS) return ok("It has not jumped since this process started.");
    return warning(
      `It was set ${jump > 0 ? "forward" : "back"} by ${Math.round(Math.abs(jump) / 1_000)} s since this process started, or the machine slept: what ends at a time may have ended early or late.`,
      "timedatectl shows whether it is right now; restart Clutch when it is",
    );
  },
};
