/**
 * How long ago a moment was, ms. One that lies ahead was noted before the clock was
 * set back: it counts as old, by how far it lies ahead, so that nothing waits until
 * the clock has come round to it again.
 */
export const ageOf = (at: number, now: number): number => Math.abs(now - at);
