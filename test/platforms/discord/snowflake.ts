const DISCORD_EPOCH_MS = 1_420_070_400_000;
let counter = 0n;

/** When an id was made, epoch ms. */
export const madeAt = (id: string): number => Number(BigInt(id) >> 22n) + DISCORD_EPOCH_MS;

/** A new id that says when it was made, as Discord's ids do. `at` in epoch ms. */
export function snowflake(at: number): string {
  counter = (counter + 1n) % 4096n;
  return String((BigInt(Math.floor(at) - DISCORD_EPOCH_MS) << 22n) | counter);
}
