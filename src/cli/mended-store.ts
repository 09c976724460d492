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
  const { file: path, damage } = mended;
  parts.logger.error({ ...mended }, damage === null ? "the store was gone" : "the store was damaged");
  parts.say(
    `The store ${path} ${damage === null ? "was gone" : `was damaged: ${damage}`}. ${sentences(mended).join(" ")}`,
  );
  return [mended];
}

/** For the owners. */
export const mendedCard = (mended: MendedStore): Card => ({
  tone: "error",
  title: `Clutch's store was ${mended.damage === null ? "gone" : "damaged"}`,
  body: [`${mended.file}: ${mended.damage ?? "there was no such file any more"}.`, ...sentences(mended)],
  footer: "noticed by Clutch",
});

const LOCK = "Whether local-only mode is on is not read from the store alone: guard and wall keep it by themselves.";

function sentences({ restored, setAside, found }: MendedStore): readonly string[] {
  if (found === "deleted") return ["Clutch had it open, and wrote it anew with all that was in it: nothing is lost."];
  if (found === "replaced") {
    return [
      "Another file took its place while Clutch had it open, and Clutch goes on with that one.",
      `What was in the former one is kept as ${setAside}.`,
      LOCK,
    ];
  }
  const lost =
    restored === null
      ? ["There was no good backup, so a new store was begun: history, usage and budgets begin anew."]
      : [
          `It was put back as it was at ${when(restored.at)}. What Clutch wrote after that is lost, but for calls that OpenClaw still remembers: those are counted again.`,
        ];
  return [...lost, ...(setAside === null ? [] : [`The damaged file was kept as ${setAside}.`]), LOCK];
}

export const when = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
