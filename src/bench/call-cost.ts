import type { Rate } from "../models/usage-call.ts";
import type { TokenCounts } from "../servers/model-server.ts";
import { costOf } from "../usage/price-cost.ts";

/** What calls have cost, USD. */
export interface CallCost {
  /** Undefined where nobody counted or no price is known; 0 for a local model. */
  readonly usd: number | undefined;
  /** At most, where the server has not said how much it read and wrote. */
  readonly mostUsd?: number;
}

/** What is held against the sum that was agreed to. */
export const chargedUsd = ({ usd, mostUsd = 0 }: CallCost): number => usd ?? mostUsd;

/** By the server's count; where it gave none, what the call may have cost at most. */
export function callCost(tokens: TokenCounts, rate: Rate | undefined, mostUsd: number | undefined): CallCost {
  const { input, output, cacheRead = 0, cacheWrite = 0 } = tokens;
  const isCounted = input !== undefined && output !== undefined;
  const usd = rate && isCounted ? costOf({ input, output, cacheRead, cacheWrite }, rate) : undefined;
  return usd !== undefined || mostUsd === undefined ? { usd } : { usd, mostUsd };
}

/** Of several calls together: known where each is. */
export function sumOfCosts(costs: readonly CallCost[]): CallCost {
  const sum = costs.reduce((total, cost) => total + chargedUsd(cost), 0);
  return costs.every(({ usd }) => usd !== undefined) ? { usd: sum } : { usd: undefined, mostUsd: sum };
}
