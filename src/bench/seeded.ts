/** Numbers from 0 to 1, without 1, that look like chance and are the same for the same seed (xorshift, Marsaglia 2003). */
export function seededRandom(seed: number): () => number {
  // The generator stands still at zero, and seeds that are neighbours would begin alike.
  let state = seedOf(seed, "") || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A seed of its own for each text (FNV-1a). */
export function seedOf(seed: number, text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(`${seed} ${text}`)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

/** The same entries in an order of chance, each order as likely as any other. */
export function shuffled<T>(entries: readonly T[], random: () => number): readonly T[] {
  const rest = [...entries];
  const order: T[] = [];
  while (rest.length > 0) order.push(...rest.splice(Math.floor(random() * rest.length), 1));
  return order;
}
