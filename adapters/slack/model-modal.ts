import type { webApi } from "@slack/bolt";
import type { Person } from "../../commands/command.ts";
import type { Dispatch } from "../adapter.ts";
import { LIMITS } from "./block-limits.ts";
import { menuId } from "./choice-menus.ts";
import { cut, plain } from "./inert-text.ts";

/** The message shortcut "Switch thread's model", and the modal that it opens. */
export const MODEL_SHORTCUT = "model_here";
export const MODEL_MODAL = "model_modal";

/** The modal's input, whose name stands beside an error. */
const BLOCK = "model";

export function modelModal(metadata: string, startsHere: boolean): webApi.ViewsOpenArguments["view"] {
  return {
    type: "modal",
    callback_id: MODEL_MODAL,
    private_metadata: metadata,
    title: plain("Switch the model", LIMITS.modalTitle),
    submit: plain("Switch", LIMITS.modalTitle),
    close: plain("Cancel", LIMITS.modalTitle),
    blocks: [
      {
        type: "section",
        text: plain(
          startsHere
            ? "For the thread that starts with this message, and only there."
            : "For this thread, and only there.",
          LIMITS.sectionText,
        ),
      },
      {
        type: "input",
        block_id: BLOCK,
        label: plain("Model", LIMITS.buttonText),
        element: {
          type: "external_select",
          action_id: menuId("model", "modal"),
          min_query_length: 0,
          placeholder: plain("Choose a model…", LIMITS.placeholder),
        },
      },
    ],
  };
}

export type Submission = { readonly model: string } | { readonly errors: Readonly<Record<string, string>> };

type Values = Readonly<
  Record<string, Readonly<Record<string, { selected_option?: { value: string } | null | undefined }>>>
>;

/** What was chosen, checked from memory alone, since Slack waits for the answer; what else can be wrong, the command says. */
export function readSubmission(values: Values, dispatch: Dispatch, person: Person): Submission {
  const chosen = Object.values(values[BLOCK] ?? {})[0]?.selected_option?.value;
  if (chosen === undefined || chosen === "") return { errors: { [BLOCK]: "Choose a model first." } };
  const option = dispatch.commands
    .find(({ name }) => name === "model")
    ?.options.find(({ positional }) => positional === true);
  const offered = option === undefined ? [] : dispatch.complete("model", option.name, chosen, person);
  if (offered.some(({ value }) => value === chosen)) return { model: chosen };
  return { errors: { [BLOCK]: cut(`There is no model “${chosen}” any more. Choose another.`, LIMITS.errorText) } };
}
