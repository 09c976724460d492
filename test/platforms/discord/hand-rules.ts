import { z } from "zod";

// What Discord refuses although its OpenAPI description allows it.

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
const embed = z.looseObject({
  title: text,
  description: text,
  fields: z.array(z.looseObject({ name: text, value: text })).nullish(),
  footer: z.looseObject({ text }).nullish(),
  author: z.looseObject({ name: text }).nullish(),
  image: z.looseObject({ url: text }).nullish(),
});
const component = z.looseObject({
  type: z.number(),
  custom_id: z.string().optional(),
  options: z.array(z.looseObject({ value: z.string() })).optional(),
});
const row = z.looseObject({ type: z.number(), components: z.array(component).optional() });
const message = z.looseObject({
  content: text,
  flags: z.number().nullish(),
  embeds: z.array(embed).nullish(),
  components: z.array(row).nullish(),
  attachments: z
    .array(z.looseObject({ id: z.union([z.string(), z.number()]), filename: z.string().nullish() }))
    .nullish(),
});

const V2_FLAG = 1 << 15;
const V2_PARTS = new Set([9, 10, 11, 12, 13, 14, 17]);
const ROW = 1;
const BUTTON = 2;

/** `fileNames` are the names of the parts `files[n]` by n. */
export function messageIssues(body: unknown, fileNames: readonly string[] = []): readonly string[] {
  const parsed = message.safeParse(body);
  if (!parsed.success) return [`a message that is none: ${parsed.error.issues[0]?.path.join(".") ?? ""}`];
  const { content, embeds, components, attachments, flags } = parsed.data;
  const issues: string[] = [];
  const sizes = (embeds ?? []).map(
    ({ title, description, fields, footer, author }) =>
      title.length +
      description.length +
      (footer?.text.length ?? 0) +
      (author?.name.length ?? 0) +
      (fields ?? []).reduce((sum, field) => sum + field.name.length + field.value.length, 0),
  );
  if (sizes.reduce((sum, size) => sum + size, 0) > 6000) issues.push("embeds: over 6000 characters together");
  for (const { fields } of embeds ?? []) {
    if ((fields ?? []).some(({ name, value }) => name.trim() === "" || value.trim() === ""))
      issues.push("embeds: a field with an empty name or value");
  }
  const rows = (components ?? []).filter(({ type }) => type === ROW);
  if (rows.length > 5) issues.push(`components: ${rows.length} rows`);
  for (const { components: parts = [] } of rows) {
    const buttons = parts.filter(({ type }) => type === BUTTON).length;
    if (buttons < parts.length && parts.length > 1) issues.push("components: a select menu shares its row");
  }
  const parts = (components ?? []).flatMap((part) => part.components ?? []);
  const ids = parts.flatMap(({ custom_id }) => custom_id ?? []);
  if (new Set(ids).size < ids.length) issues.push("components: a custom_id is used twice");
  for (const { options } of parts) {
    if (options === undefined) continue;
    if (options.length === 0) issues.push("components: a select menu without options");
    if (new Set(options.map(({ value }) => value)).size < options.length)
      issues.push("components: an option's value is used twice");
  }
  const v2 = ((flags ?? 0) & V2_FLAG) !== 0;
  if (v2 && (content !== "" || (embeds ?? []).length > 0)) issues.push("flags: Components V2 with content or embeds");
  if (!v2 && (components ?? []).some(({ type }) => V2_PARTS.has(type)))
    issues.push("components: V2 parts without the flag");

  for (const { id } of attachments ?? []) {
    const index = Number(id);
    if (index < 1000 && fileNames[index] === undefined) issues.push(`attachments: no file for id ${id}`);
  }
  const names = new Set([...fileNames, ...(attachments ?? []).flatMap(({ filename }) => filename ?? [])]);
  for (const { image } of embeds ?? []) {
    const name = /^attachment:\/\/(.+)$/.exec(image?.url ?? "")?.[1];
    if (name !== undefined && !names.has(name)) issues.push(`embeds: no attachment ${name}`);
  }
  return issues;
}

/** True for what Discord answers with 50006. */
export function isEmptyMessage(body: unknown, fileCount: number): boolean {
  const parsed = message.safeParse(body).data;
  return (
    fileCount === 0 &&
    parsed?.content === "" &&
    (parsed.embeds ?? []).length === 0 &&
    (parsed.components ?? []).length === 0
  );
}

const option = z.looseObject({
  name: z.string(),
  description: z.string(),
  required: z.boolean().nullish(),
  autocomplete: z.boolean().nullish(),
  choices: z.array(z.looseObject({ name: z.string(), value: z.unknown() })).nullish(),
});
const command = z.looseObject({ name: z.string().optional(), description: text, options: z.array(option).nullish() });

const NAME = /^[-_'\p{L}\p{N}]{1,32}$/u;

export function commandIssues(body: unknown): readonly string[] {
  const parsed = command.safeParse(body);
  if (!parsed.success) return ["a command that is none"];
  const { name, description, options } = parsed.data;
  const issues: string[] = [];
  for (const each of [...(name === undefined ? [] : [name]), ...(options ?? []).map((entry) => entry.name)]) {
    if (!NAME.test(each) || each !== each.toLowerCase()) issues.push(`name: “${each}” is not allowed`);
  }
  const required = (options ?? []).map((entry) => entry.required === true);
  if (required.lastIndexOf(true) > required.indexOf(false) && required.includes(false))
    issues.push("options: a required one after an optional one");
  for (const entry of options ?? []) {
    if (entry.autocomplete === true && (entry.choices ?? []).length > 0)
      issues.push(`options: ${entry.name} has autocomplete and choices`);
    for (const choice of entry.choices ?? []) {
      if (typeof choice.value === "string" && choice.value.length > 100)
        issues.push(`options: a choice of ${entry.name} is over 100`);
    }
  }
  const names = (options ?? []).map((entry) => entry.name);
  if (new Set(names).size < names.length) issues.push("options: a name is used twice");
  const total = (options ?? []).reduce(
    (sum, entry) =>
      sum +
      entry.name.length +
      entry.description.length +
      (entry.choices ?? []).reduce((inner, choice) => inner + choice.name.length + String(choice.value).length, 0),
    (name ?? "").length + description.length,
  );
  if (total > 8000) issues.push(`a command of ${total} characters, 8000 at most`);
  return issues;
}

const callback = z.looseObject({
  type: z.number(),
  data: z
    .looseObject({
      flags: z.number().nullish(),
      choices: z.array(z.looseObject({ value: z.unknown() })).nullish(),
    })
    .nullish(),
});

export function callbackIssues(body: unknown, fileNames: readonly string[]): readonly string[] {
  const parsed = callback.safeParse(body);
  if (!parsed.success) return ["a callback that is none"];
  const { type, data } = parsed.data;
  if (type === 5 && ((data?.flags ?? 0) & ~64) !== 0) return ["flags: a deferral may carry EPHEMERAL alone"];
  if (type === 8) {
    return (data?.choices ?? []).some(({ value }) => typeof value === "string" && value.length > 100)
      ? ["choices: a value over 100 characters"]
      : [];
  }
  return type === 4 || type === 7 ? messageIssues(data ?? {}, fileNames) : [];
}
