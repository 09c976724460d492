import { ClutchError } from "../errors.ts";
import { readGatewayChannels } from "../openclaw/gateway-channels.ts";
import { type Check, configCheck, type Finding, problem, skipped, type World } from "./check.ts";

export const platformsCheck: Check = configCheck({
  part: "platforms",
  name: "Chat platforms",
  deadlineMs: 45_000,
  async look(world, how) {
    const platforms = await world.platforms();
    if (platforms.length === 0)
      return skipped("No chat platform is set up; the terminal works without.", "clutch init");
    const bots = await openClawBots(world, how.signal);
    const found = await Promise.all(
      platforms.map(async ({ name, look }) => {
        const findings = await look({ ...how, bots }).catch((thrown: unknown): Finding[] => {
          how.signal.throwIfAborted();
          if (thrown instanceof ClutchError) return [problem("broken", thrown)];
          return [{ state: "warning", found: "It could not be looked at: this check met a fault of its own." }];
        });
        return findings.map((finding) => ({
          ...finding,
          name: finding.name === undefined ? name : `${name}: ${finding.name}`,
        }));
      }),
    );
    return found.flat();
  },
});

/** None where the gateway cannot say. */
const openClawBots = async ({ gateway }: World, signal: AbortSignal) =>
  gateway instanceof ClutchError
    ? []
    : (await readGatewayChannels(gateway.connection, { probe: true, signal }).catch(() => ({ bots: [] }))).bots;
