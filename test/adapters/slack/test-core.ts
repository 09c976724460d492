import type { CommandInfo } from "../../../adapters/adapter.ts";
import { type Answer, outcome, type RecordingCore, recordingCore } from "../recording-core.ts";

const MODELS = ["ollama/qwen3:8b", "ollama/llama3.1:70b", "anthropic/claude-sonnet-5"];

export const MODEL_COMMAND: CommandInfo = {
  name: "model",
  summary: "Show or switch the model",
  forms: [{ line: "/model NAME", does: "Switches" }],
  options: [{ name: "name", summary: "A model", kind: "text", positional: true }],
};

/** A core with one command, `/model`, that completes to three models; answers by saying what it was asked. */
export const modelCore = (answer: Answer = ({ line }) => outcome({ title: `did ${line}` })): RecordingCore =>
  recordingCore(answer, {
    commands: [MODEL_COMMAND],
    complete: (_command, _option, typed) =>
      MODELS.filter((model) => model.includes(typed)).map((value) => ({ value, label: `${value} · local` })),
  });

/** The card of `/model`: a menu and a button, for the person alone. */
export const pickerCard: Answer = ({ line }) =>
  line === "/model"
    ? {
        ...outcome({
          title: "qwen3 answers here",
          choices: {
            label: "Switch to",
            command: "/model",
            items: [
              { value: "ollama/qwen3:8b", label: "qwen3", detail: "local", group: "ollama", current: true },
              {
                value: "anthropic/claude-sonnet-5",
                label: "sonnet",
                detail: "cloud",
                group: "anthropic",
                current: false,
              },
            ],
          },
          actions: [{ label: "Undo", line: "/model undo", style: "secondary" }],
        }),
        visibility: "private",
      }
    : outcome({ title: `did ${line}` });

/** Asks before it does anything. */
export const asksFirst: Answer = ({ line, confirmed }) =>
  confirmed
    ? outcome({ title: `did ${line}` })
    : { ...outcome({ tone: "warning", title: "Sure?" }), ok: false, visibility: "private", needsConfirmation: true };
