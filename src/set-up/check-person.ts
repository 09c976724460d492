import { ClutchError } from "../errors.ts";

/** How ids look, by platform, and how a person finds theirs. */
const FORMS: Readonly<Record<string, { readonly form: RegExp; readonly how: string }>> = {
  discord: {
    form: /^(role:)?\d{1,20}$/,
    how: "Discord: User Settings, Advanced, Developer Mode on; then right-click your name, Copy User ID. It has 17 to 20 digits: discord:123456789012345678",
  },
  slack: {
    form: /^([UW][A-Z0-9]+|group:S[A-Z0-9]+)$/,
    how: "Slack: your profile, the menu with three dots, Copy member ID. It begins with U or W: slack:U0123456789",
  },
  terminal: { form: /^\S+$/, how: "" },
};

/** How to find one's own id, a line for each platform. */
export const HOW_TO_FIND_AN_ID: readonly string[] = Object.values(FORMS).flatMap(({ how }) =>
  how === "" ? [] : [how],
);

/**
 * Throws `bad_option` for what can be nobody's id, so that an owner is not locked
 * out by a slip. Gives a remark where it looks unusual.
 */
export function checkPerson(person: string): string | undefined {
  const [, platform = "", id = ""] = /^([a-z]+):(\S+)$/.exec(person) ?? [];
  const known = FORMS[platform];
  if (known?.form.test(id) === true) {
    // Discord has given out 17 digits and more since 2015.
    const isShort = platform === "discord" && !/\d{17}/.test(id);
    return isShort ? `${id} is short for an id of Discord's, which has 17 to 20 digits.` : undefined;
  }
  if (person === "*") {
    throw new ClutchError("bad_option", "* would make everybody an owner.", {
      hint: "Name people, or a role: discord:role:123456789012345678.",
    });
  }
  const what = known === undefined ? "names no platform that Clutch knows" : `is no id of ${platform}`;
  throw new ClutchError("bad_option", `“${person}” ${what}.`, {
    hint: known === undefined || known.how === "" ? HOW_TO_FIND_AN_ID.join("\n  ") : known.how,
  });
}
