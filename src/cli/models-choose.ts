import { confirm, isCancel, multiselect } from "@clack/prompts";
import { ClutchError } from "../errors.ts";
import type { SetupChoice } from "../models-setup/models-setup.ts";
import { choiceDetail } from "./models-cards.ts";
import type { Runtime } from "./runtime.ts";

/** Questions at a terminal. Both reject with `confirmation_required` where the person leaves. */

/** Which models to set up; the recommended one is marked already. */
export async function chooseModels(choices: readonly SetupChoice[], runtime: Runtime): Promise<readonly string[]> {
  const chosen = await multiselect({
    message: "Which models shall agents be able to use? (space marks, enter takes)",
    options: choices.map((choice) => ({ value: choice.name, label: choice.name, hint: choiceDetail(choice) })),
    initialValues: choices.filter(({ isRecommended }) => isRecommended).map(({ name }) => name),
    required: true,
    ...streams(runtime),
  });
  return isCancel(chosen) ? leave() : chosen;
}

/** A question that is answered by yes or no. */
export async function confirmed(message: string, runtime: Runtime): Promise<boolean> {
  const yes = await confirm({ message, ...streams(runtime) });
  return isCancel(yes) ? leave() : yes;
}

export const streams = ({ stdin, stdout, signal }: Runtime) => ({ input: stdin, output: stdout, signal });

export function leave(): never {
  throw new ClutchError("confirmation_required", "Left without an answer; nothing was written.");
}
