/**
 * Templates for models that Ollama ships with one that does not suit them: asked
 * to wrap a tool call in `<tool_call>`, Qwen2.5-Coder prints the bare JSON, and
 * Ollama, which looks for the tag, hands it on as text (ollama issue 12174). Best
 * first; which of them helps, only a probe can tell.
 */
export interface ToolTemplate {
  /** What it does differently, in a few words. */
  readonly does: string;
  readonly template: string;
}

/**
 * ChatML in Ollama's template language (docs.ollama.com/template). Ollama takes the
 * first text inside `if .ToolCalls` up to a brace as the tag that begins a call, and
 * any JSON object as a call where no text stands there; a line break is printed by an
 * action, since it would belong to the tag.
 */
const chatMl = (open: string, close: string): string => `{{- if or .System .Tools }}<|im_start|>system
{{ .System }}
{{- if .Tools }}

# Tools

You can call the functions that are described between <tools> and </tools>, one JSON object a line:
<tools>
{{- range .Tools }}
{"type": "function", "function": {{ .Function }}}
{{- end }}
</tools>

To call a function, answer with nothing but its name and its arguments as JSON, in exactly this form:
${open === "" ? "" : `${open}\n`}{"name": "<name of the function>", "arguments": {"<name of an argument>": "<its value>"}}${close}
{{- end }}<|im_end|>
{{ end }}
{{- range $index, $message := .Messages }}
{{- $last := eq (len (slice $.Messages $index)) 1 }}
{{- if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ .Content }}
{{- if .ToolCalls }}
{{- range .ToolCalls }}${open === "" ? "" : `\n${open}`}{{ "\\n" }}{"name": "{{ .Function.Name }}", "arguments": {{ .Function.Arguments }}}${close}
{{- end }}
{{- end }}
{{- if not $last }}<|im_end|>
{{ end }}
{{- else if eq .Role "tool" }}<|im_start|>user
<tool_response>
{{ .Content }}
</tool_response><|im_end|>
{{ end }}
{{- if and (ne .Role "assistant") $last }}<|im_start|>assistant
{{ end }}
{{- end }}`;

export const TOOL_TEMPLATES: readonly ToolTemplate[] = [
  // Reported to work by several people in QwenLM/Qwen3-Coder issue 180.
  { does: "marks tool calls with [tool_call]", template: chatMl("[tool_call]", "\n[/tool_call]") },
  { does: "takes bare JSON for a tool call", template: chatMl("", "") },
];

/** Whether a model's own template is of the family that these replace. */
export const isChatMl = (template: string | undefined): boolean => template?.includes("<|im_start|>") === true;

export const isOurs = (template: string | undefined): boolean =>
  TOOL_TEMPLATES.some((ours) => ours.template.trim() === template?.trim());

/** `qwen2.5-coder-tools:32b` for `qwen2.5-coder:32b`. */
export function withToolsName(model: string): string {
  const tag = /:[^/:]*$/.exec(model)?.[0] ?? "";
  return `${model.slice(0, model.length - tag.length)}-tools${tag}`;
}
