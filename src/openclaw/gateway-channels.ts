import { z } from "zod";
import type { GatewayConnection } from "./connection.ts";
import { parseReply } from "./wire.ts";

/** What OpenClaw says of the platforms on which it talks. */
export interface GatewayChannels {
  /** The gateway's clock as it answered, epoch ms. */
  readonly at: number;
  /** Its own bots, by the ids that their platforms gave. A platform that was not asked, or did not answer, has none here. */
  readonly bots: readonly { readonly platform: string; readonly id: string }[];
}

const PROBE_MS = 5_000;

const named = z
  .looseObject({ id: z.string().optional().catch(undefined) })
  .optional()
  .catch(undefined);
const account = z.looseObject({
  bot: named,
  application: named,
  probe: z.looseObject({ bot: named, application: named }).optional().catch(undefined),
});
const status = z.looseObject({
  ts: z.number(),
  channelAccounts: z.record(z.string(), z.array(account).catch([])).catch({}),
});

/** With `probe` OpenClaw asks its platforms who it is there, which takes up to 5 s; without there are no bots. Throws the codes of `GatewayConnection.request`. */
export async function readGatewayChannels(
  connection: Pick<GatewayConnection, "request">,
  { probe, signal }: { readonly probe: boolean; readonly signal?: AbortSignal },
): Promise<GatewayChannels> {
  const reply = await connection.request(
    "channels.status",
    { probe, timeoutMs: PROBE_MS },
    { timeoutMs: 2 * PROBE_MS, ...(signal === undefined ? {} : { signal }) },
  );
  const { ts, channelAccounts } = parseReply(status, "channels.status", reply);
  const bots = Object.entries(channelAccounts).flatMap(([platform, accounts]) =>
    accounts
      .flatMap(({ bot, application, probe }) => [bot, application, probe?.bot, probe?.application])
      .flatMap((one) => (one?.id === undefined ? [] : [{ platform, id: one.id }])),
  );
  return { at: ts, bots };
}
