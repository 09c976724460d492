import { isCancel, multiselect, password, select, text } from "@clack/prompts";
import { ClutchError, toClutchError } from "../errors.ts";
import { formatModelRef, type ModelRef } from "../models/model-ref.ts";
import { leave, streams } from "./models-choose.ts";
import type { Runtime } from "./runtime.ts";

/** Questions of `clutch init`. Each rejects with `confirmation_required` where the person leaves. */

/** A line; empty where it may be left out. `check` throws what is wrong with it. */
export async function askLine(
  message: string,
  how: { readonly placeholder?: string; readonly optional?: boolean; readonly check?: (line: string) => unknown },
  runtime: Runtime,
): Promise<string> {
  const given = await text({
    message,
    ...(how.placeholder === undefined ? {} : { placeholder: how.placeholder }),
    validate(line) {
      const typed = line?.trim() ?? "";
      if (typed === "") return how.optional === true ? undefined : "Type something, or Ctrl-C to leave.";
      return problemWith(() => how.check?.(typed));
    },
    ...streams(runtime),
  });
  return isCancel(given) ? leave() : (given ?? "").trim();
}

/** A secret, which is not shown. */
export async function askSecret(message: string, prefix: string, runtime: Runtime): Promise<string> {
  const given = await password({
    message,
    validate: (typed) =>
      (typed ?? "").trim().startsWith(prefix) && (typed ?? "").trim() !== ""
        ? undefined
        : prefix === ""
          ? "Paste it, or Ctrl-C to leave."
          : `It begins with ${prefix}`,
    ...streams(runtime),
  });
  return isCancel(given) ? leave() : given.trim();
}

/** Servers of Discord's; none means all of them. */
export async function askGuilds(
  guilds: readonly { readonly id: string; readonly name: string }[],
  runtime: Runtime,
): Promise<readonly string[]> {
  const chosen = await multiselect({
    message: "In which servers should the commands be there at once? (space marks; none: everywhere, after a while)",
    options: guilds.map(({ id, name }) => ({ value: id, label: name, hint: id })),
    initialValues: guilds.map(({ id }) => id),
    required: false,
    ...streams(runtime),
  });
  return isCancel(chosen) ? leave() : chosen;
}

/** Undefined where they are to stay as they are. */
export async function askHelperModel(models: readonly ModelRef[], runtime: Runtime): Promise<ModelRef | undefined> {
  const named = await select({
    message: "OpenClaw makes calls of its own (recaps, titles, compaction …). To which model?",
    options: [
      { value: "", label: "leave them as they are" },
      ...models.map((ref) => ({ value: formatModelRef(ref), label: formatModelRef(ref), hint: "local" })),
    ],
    ...streams(runtime),
  });
  return isCancel(named) ? leave() : models.find((ref) => formatModelRef(ref) === named);
}

function problemWith(check: () => unknown): string | undefined {
  try {
    check();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof ClutchError)) throw thrown;
    const { message, hint } = toClutchError(thrown);
    return [message, hint].join(" ").trim();
  }
}
