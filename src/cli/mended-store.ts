import type { Logger } from "pino";
import type { Card } from "../../commands/card.ts";
import { type MendedStore, mendStore } from "../store/mend-store.ts";
import { storeFile } from "../store/store-file.ts";

/** Before the store at `url` is opened; says what was done. What is given has to be told to the owners as well. */
export async function mendIfDamaged(
  url: string,
  parts: { readonly say: (line: string) => void; readonly clock: () => number; readonly logger: Logger },
): Promise<readonly MendedStore[]> {
  const file = storeFile(url);
  const mended = file === undefined ? undefined : await mendStore(file, parts.clock());
  if (mended === undefined) return [];
  parts.logger.error({ ...mended }, "the store was damaged");
  parts.say(`The store ${mended.file} was damaged: ${mended.damage}. ${sentences(mended).join(" ")}`);
  return [mended];
}

/** For the owners. */
export const mendedCard = (mended: MendedStore): Card => ({
  tone: "error",
  title: "Clutch's store was damaged",
  body: [`${mended.file}: ${mended.damage}.`, ...sentences(mended)],
  footer: "noticed by Clutch",
});

function sentences({ restored, setAside }: MendedStore): readonly string[] {
  const lost =
    restored === null
      ? ["There was no good backup, so a new store was begun: history, usage and budgets begin anew."]
      : [
          `It was put back as it was at ${when(restored.at)}. What Clutch wrote after that is lost, but for calls that OpenClaw still remembers: those are counted again.`,
        ];
  return [
    ...lost,
    `The damaged file was kept as ${setAside}.`,
    "Whether local-only mode is on is not read from the store alone: guard and wall keep it by themselves.",
  ];
}

export const when = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
