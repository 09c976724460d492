import type { Figure } from "../models/figure.ts";

/** A processor whose memory speed is published, because it is soldered on, or usual. */
export interface KnownMachine {
  readonly id: KnownMachineId;
  readonly matches: RegExp;
  /** Peak of main memory, bytes a second. */
  readonly bandwidth: Figure<number>;
  /** Half-precision operations a second of the graphics processor beside it, at best. */
  readonly compute?: Figure<number>;
  /**
   * False where the processor's own cores cannot draw all that the memory gives,
   * so that measuring with them says too little about the graphics processor.
   */
  readonly measurable: boolean;
}

export type KnownMachineId =
  | "Strix Halo"
  | "Ryzen AI 9 HX 370"
  | "Ryzen 7 8845HS"
  | "Ryzen 7 5800U"
  | (typeof APPLE)[number]["id"];

const NOT_CHECKED = "general knowledge, not re-checked";

const published = (value: number, source: string, date = "2026-11-22"): Figure<number> => ({
  value,
  origin: "published",
  source,
  date,
});

/** Transfers a second × width in bytes. */
const memory = (megatransfers: number, bits: number, what: string): Figure<number> =>
  published(
    (megatransfers * 1e6 * bits) / 8,
    `${what}, ${megatransfers} MT/s × ${bits} bits: arithmetic on ${NOT_CHECKED}`,
  );

/** RDNA 3 and 3.5 do 512 half-precision operations a clock in each compute unit. */
const rdna3 = (units: number, gigahertz: number): Figure<number> =>
  published(512 * units * gigahertz * 1e9, `512 operations × ${units} units × ${gigahertz} GHz: arithmetic`);

/** Published speeds name it by its id. */
const AMD: readonly KnownMachine[] = [
  {
    id: "Strix Halo",
    matches: /Ryzen AI Max\+? (PRO )?395|EVO-X2/i,
    bandwidth: published(256e9, "LPDDR5X-8000 on 256 bits; 212 GB/s measured by rocm_bandwidth_test (r/LocalLLaMA)"),
    compute: rdna3(40, 2.9),
    measurable: false,
  },
  {
    id: "Ryzen AI 9 HX 370",
    matches: /Ryzen AI 9 HX (PRO )?370|EVO-X1/i,
    bandwidth: memory(7_500, 128, "LPDDR5X-7500"),
    compute: rdna3(16, 2.9),
    measurable: true,
  },
  {
    id: "Ryzen 7 8845HS",
    matches: /Ryzen 7 8[78]45HS?\b|NucBox K8 Plus/i,
    bandwidth: published(89.6e9, "two channels of DDR5-5600; 80 to 86 GB/s reported by owners"),
    compute: rdna3(12, 2.7),
    measurable: true,
  },
  {
    id: "Ryzen 7 5800U",
    matches: /Ryzen 7 5[78][02]5?U\b/i,
    bandwidth: published(51.2e9, "two channels of DDR4-3200: arithmetic"),
    // Vega: 64 lanes, a multiplication and an addition each, two halves at once.
    compute: published(256 * 8 * 2.0e9, "256 operations × 8 units × 2.0 GHz: arithmetic"),
    measurable: true,
  },
];

const APPLE = [
  { id: "Apple M1", megatransfers: 4_266, bits: 128 },
  { id: "Apple M1 Pro", megatransfers: 6_400, bits: 256 },
  { id: "Apple M1 Max", megatransfers: 6_400, bits: 512 },
  { id: "Apple M2", megatransfers: 6_400, bits: 128 },
  { id: "Apple M2 Pro", megatransfers: 6_400, bits: 256 },
  { id: "Apple M2 Max", megatransfers: 6_400, bits: 512 },
  { id: "Apple M3", megatransfers: 6_400, bits: 128 },
  { id: "Apple M3 Pro", megatransfers: 6_400, bits: 192 },
  { id: "Apple M4", megatransfers: 7_500, bits: 128 },
  { id: "Apple M4 Pro", megatransfers: 8_533, bits: 256 },
] as const;

const KNOWN_MACHINES: readonly KnownMachine[] = [
  ...AMD,
  ...APPLE.map(({ id, megatransfers, bits }) => ({
    id,
    matches: new RegExp(`^${id}$`, "i"),
    bandwidth: memory(megatransfers, bits, "LPDDR"),
    measurable: false,
  })),
];

/** By the box's or the processor's name. */
export const knownMachine = (names: readonly (string | undefined)[]): KnownMachine | undefined =>
  KNOWN_MACHINES.find(({ matches }) => names.some((name) => name !== undefined && matches.test(name.trim())));

/** Throws where the table lacks what its own type names. */
export function knownMachineById(id: KnownMachineId): KnownMachine {
  const found = KNOWN_MACHINES.find((machine) => machine.id === id);
  if (found === undefined) throw new Error(`${id} is not in the table of known machines`);
  return found;
}

const CARDS = [
  { name: /RTX 5090(?! Laptop)/i, gigabits: 28, bits: 512 },
  { name: /RTX 4090(?! Laptop)/i, gigabits: 21, bits: 384 },
  { name: /RTX 3090(?! Ti)/i, gigabits: 19.5, bits: 384 },
  { name: /RTX 3060(?! Ti| Laptop)/i, gigabits: 15, bits: 192 },
] as const;

/** Bytes a second of a graphics card's own memory; undefined for a card not in the table. */
export function cardBandwidth(name: string): Figure<number> | undefined {
  const card = CARDS.find((candidate) => candidate.name.test(name));
  return card && memory(card.gigabits * 1_000, card.bits, "GDDR");
}
