import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020, type ErrorObject } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { z } from "zod";

/** Discord's own OpenAPI description. It lies beside the project where there is one, and is never a part of it. */
export const OPENAPI_FILE = join(import.meta.dirname, "../../../../shared/data/discord-openapi.json");

/** Says what is wrong with a request by Discord's own description of its API. */
export interface Judge {
  /** `path` without `/api/v10` and query. Empty where nothing is wrong. */
  issues(method: string, path: string, body: unknown): readonly string[];
  /** Checks a value against a named schema, such as `MessageResponse`. */
  matches(schema: string, value: unknown): readonly string[];
}

/** Undefined where the description is absent. */
export function loadJudge(file = OPENAPI_FILE): Judge | undefined {
  if (!existsSync(file)) return undefined;
  const spec = specSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  allowStringPermissions(spec);
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
  (addFormats as unknown as (target: Ajv2020) => void)(ajv);
  ajv.addFormat("snowflake", /^\d+$/);
  ajv.addFormat("nonce", true);
  ajv.addSchema(spec, "discord");

  const templates = Object.keys(spec.paths).map((template) => ({
    template,
    pattern: new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`),
    holes: template.match(/\{/g)?.length ?? 0,
  }));

  const check = (pointer: string, value: unknown): readonly string[] => {
    const validate = ajv.getSchema(`discord#${pointer}`);
    if (validate === undefined) return [`the description has no ${pointer}`];
    return validate(value) ? [] : deepest(validate.errors ?? []);
  };
  const checkNamed = (name: string, value: unknown): readonly string[] => {
    const known = spec.components.schemas[name]?.properties;
    const unknown =
      known !== undefined && typeof value === "object" && value !== null
        ? Object.keys(value).filter((key) => !(key in known))
        : [];
    return [...check(`/components/schemas/${name}`, value), ...unknown.map((key) => `${key}: not a key of ${name}`)];
  };

  return {
    matches: checkNamed,
    issues(method, path, body) {
      const fitting = templates.filter(({ pattern }) => pattern.test(path)).sort((a, b) => a.holes - b.holes);
      const template = fitting[0]?.template;
      const verb = method.toLowerCase();
      const operation = template === undefined ? undefined : spec.paths[template]?.[verb];
      if (template === undefined || operation === undefined) return [`no such operation: ${method} ${path}`];
      const content = operation.requestBody?.content["application/json"]?.schema;
      if (content === undefined) return body === undefined ? [] : [`${method} ${template} takes no body`];
      if (body === undefined) return operation.requestBody?.required === true ? ["the body is missing"] : [];
      const branches = (content.anyOf ?? [content]).flatMap(({ $ref }) => ($ref === undefined ? [] : [nameOf($ref)]));
      const branch = chooseBranch(branches, body);
      if (branch !== undefined) return checkCallback(branch, body);
      const pointer = ["paths", template, verb, "requestBody", "content", "application/json", "schema"];
      return check(
        `/${pointer.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/")}`,
        body,
      );
    },
  };

  /** Autocomplete has a branch for each type of value: without choosing, a wrong text would be "must be integer". */
  function checkCallback(branch: string, body: unknown): readonly string[] {
    if (branch !== "ApplicationCommandAutocompleteCallbackRequest") return checkNamed(branch, body);
    const data = z
      .object({ data: z.object({ choices: z.array(z.object({ value: z.unknown() })).nullish() }) })
      .safeParse(body);
    const value = data.data?.data.choices?.[0]?.value;
    const kind = typeof value !== "number" ? "String" : Number.isInteger(value) ? "Integer" : "Number";
    return z.object({ data: z.unknown() }).safeParse(body).success
      ? checkNamed(`InteractionApplicationCommandAutocompleteCallback${kind}Data`, (body as { data: unknown }).data)
      : ["data: missing"];
  }
}

const schemaNode = z.looseObject({
  $ref: z.string().optional(),
  anyOf: z.array(z.looseObject({ $ref: z.string().optional() })).optional(),
});
const operation = z.looseObject({
  requestBody: z
    .looseObject({
      required: z.boolean().optional(),
      content: z.record(z.string(), z.looseObject({ schema: schemaNode })),
    })
    .optional(),
});
const specSchema = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operation.catch({}))),
  components: z.looseObject({
    schemas: z.record(z.string(), z.looseObject({ properties: z.record(z.string(), z.unknown()).optional() })),
  }),
});

/** The one place where the description and the clients differ: it says integer, every client and page says text. */
function allowStringPermissions(spec: z.output<typeof specSchema>): void {
  for (const name of [
    "ApplicationCommandCreateRequest",
    "ApplicationCommandUpdateRequest",
    "ApplicationCommandPatchRequestPartial",
  ]) {
    const properties = spec.components.schemas[name]?.properties;
    if (properties !== undefined) {
      properties["default_member_permissions"] = { type: ["string", "integer", "null"], pattern: "^[0-9]+$" };
    }
  }
}

const nameOf = (ref: string): string => ref.slice(ref.lastIndexOf("/") + 1);

const CALLBACK_BY_TYPE: Readonly<Record<number, string>> = {
  4: "CreateMessageInteractionCallbackRequest",
  5: "CreateMessageInteractionCallbackRequest",
  6: "UpdateMessageInteractionCallbackRequest",
  7: "UpdateMessageInteractionCallbackRequest",
  8: "ApplicationCommandAutocompleteCallbackRequest",
  9: "ModalInteractionCallbackRequest",
};

function chooseBranch(branches: readonly string[], body: unknown): string | undefined {
  if (branches.includes("IncomingWebhookRequestPartial")) return "IncomingWebhookRequestPartial";
  if (branches.length === 1) return branches[0];
  const type = z.object({ type: z.number() }).safeParse(body).data?.type;
  return type === undefined ? undefined : CALLBACK_BY_TYPE[type];
}

/** Of a union's many complaints the deepest ones are about the branch that was meant. */
function deepest(errors: readonly ErrorObject[]): string[] {
  const depth = ({ instancePath }: ErrorObject): number => instancePath.split("/").length;
  const most = Math.max(...errors.map(depth));
  const lines = errors
    .filter((error) => depth(error) === most)
    .map((error) => `${error.instancePath}: ${error.message ?? error.keyword}`);
  return [...new Set(lines)].slice(0, 5);
}
