import type { Logger } from "pino";
import type { OpenedAction } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import type { Completion, OptionValues } from "../../commands/command.ts";
import { type Outcome, outcomeOf } from "../../commands/dispatcher.ts";
import { toClutchError } from "../../src/errors.ts";
import type { Dispatch } from "../adapter.ts";
import { type Answering, type AnsweringParts, beginAnswer } from "./answering.ts";
import { type Buttons, type Control, parseControl } from "./buttons.ts";
import { drawEnding, drawPlain } from "./draw-message.ts";
import { plainLine } from "./inert.ts";
import type { Interaction } from "./interaction.ts";
import { optionValues, pickedLine, typedLine } from "./invocation-line.ts";
import { LIMITS } from "./limits.ts";

type Called = Interaction & { readonly kind: "command" | "autocomplete" };
type Component = Interaction & { readonly kind: "component" };

interface InteractionHandler {
  /** Answers one interaction. Never rejects: what fails is logged, for there is nobody else to tell. */
  handle(interaction: Interaction): Promise<void>;
  /** Says that nothing more is taken. Never rejects. */
  refuse(interaction: Interaction): Promise<void>;
}

const GONE: Card = {
  tone: "warning",
  title: "This button is not good any more",
  body: ["It is too old, was used already, or belongs to another message. Nothing was done. Send the command again."],
};
const NOT_YOURS: Card = {
  tone: "warning",
  title: "This question was put to somebody else",
  body: ["Only the person who was asked can answer it. Nothing was done."],
};
const STOPPING: Card = {
  tone: "warning",
  title: "Clutch is shutting down",
  body: ["Nothing was done. Try again in a moment."],
};
const CANCELLED = drawEnding("Not confirmed, so nothing was done.");

export function createInteractionHandler(
  parts: AnsweringParts & { readonly dispatch: Dispatch; readonly buttons: Buttons; readonly logger: Logger },
): InteractionHandler {
  const { dispatch, buttons, drawer, api, logger } = parts;

  const run = async (
    interaction: Interaction,
    answering: Answering,
    invocation: { readonly line: string; readonly options?: OptionValues; readonly confirmed: boolean },
  ): Promise<void> => {
    const { conversation, person } = interaction;
    let over = false;
    const outcome: Outcome = await dispatch
      .run({
        ...invocation,
        conversation,
        person,
        progress: (card) => {
          if (!over) answering.progress(card);
        },
      })
      .catch((thrown: unknown) => {
        logger.error({ err: thrown }, "a command failed outside of the dispatcher");
        return outcomeOf(toClutchError(thrown));
      });
    over = true;
    const { line, options } = invocation;
    const question = outcome.needsConfirmation
      ? { question: { line, ...(options === undefined ? {} : { options }) } }
      : {};
    await answering.finish({ card: outcome.card, person, ...question }, outcome.visibility);
  };

  const command = async (interaction: Called): Promise<void> => {
    const answering = await beginAnswer(interaction, "new", parts);
    if (answering === undefined) return;
    const options = optionValues(interaction.options);
    const line = typedLine(interaction.name, options, dispatch.commands);
    await run(interaction, answering, { line, options, confirmed: false });
  };

  const completions = ({ name, options, person }: Called): readonly Completion[] => {
    const focused = options.find((option) => option.focused === true);
    try {
      return focused === undefined ? [] : dispatch.complete(name, focused.name, String(focused.value ?? ""), person);
    } catch (error) {
      logger.error({ err: error }, "completing a value failed");
      return [];
    }
  };

  const autocomplete = async (interaction: Called): Promise<void> => {
    // A value that was cut would be another value.
    const usable = completions(interaction).filter(
      ({ value }) => value !== "" && value.length <= LIMITS.autocompleteValue,
    );
    const choices = usable
      .slice(0, LIMITS.autocompleteChoices)
      .map(({ label, value }) => ({ name: plainLine(label, LIMITS.autocompleteName) || value, value }));
    await api.suggest(interaction, choices);
  };

  const use = async (interaction: Component, control: Control, answering: Answering): Promise<void> => {
    const { person, channelId, values } = interaction;
    let opened: OpenedAction;
    try {
      opened = await buttons.open(control, person, channelId);
    } catch (thrown) {
      logger.error({ err: thrown }, "what a button stands for could not be read");
      return answering.notice(outcomeOf(toClutchError(thrown)).card);
    }
    if (opened.kind !== "ok") return answering.notice(opened.kind === "gone" ? GONE : NOT_YOURS);
    const { line, options } = opened.action;
    switch (control.kind) {
      case "run":
        return run(interaction, answering, { line, confirmed: false });
      case "confirm":
        return run(interaction, answering, { line, ...(options === undefined ? {} : { options }), confirmed: true });
      case "cancel": {
        const question = parseControl(line);
        if (question !== undefined) await buttons.open(question, person, channelId);
        return answering.replace(CANCELLED);
      }
      case "pick": {
        const picked = Object.entries(options ?? {}).find(([key]) => key === values[0])?.[1];
        if (picked === undefined) return answering.notice(GONE);
        return run(interaction, answering, { line: pickedLine(line, picked), confirmed: false });
      }
      case "page": {
        const message = await drawer.turn(line, Number(options?.["page"] ?? 0));
        return message === undefined ? answering.notice(GONE) : answering.replace(message);
      }
    }
  };

  const component = async (interaction: Component): Promise<void> => {
    const control = parseControl(interaction.customId);
    if (control === undefined) return api.replyPrivately(interaction, drawPlain(GONE));
    // A public card stays as it is when one of its buttons is used, unless that is what the button is for.
    const changesItsCard = control.kind === "confirm" || control.kind === "cancel" || control.kind === "page";
    const isOwn = interaction.onEphemeral || interaction.conversation.kind === "direct";
    const answering = await beginAnswer(interaction, changesItsCard || isOwn ? "pressed" : "new", parts);
    if (answering !== undefined) await use(interaction, control, answering);
  };

  const guarded = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      logger.error({ err: error }, "an interaction could not be answered");
    }
  };

  return {
    handle: (interaction) =>
      guarded(() => {
        switch (interaction.kind) {
          case "command":
            return command(interaction);
          case "autocomplete":
            return autocomplete(interaction);
          case "component":
            return component(interaction);
          case "modal":
            return api.replyPrivately(interaction, drawPlain(GONE));
        }
      }),
    refuse: (interaction) =>
      guarded(() =>
        interaction.kind === "autocomplete"
          ? api.suggest(interaction, [])
          : api.replyPrivately(interaction, drawPlain(STOPPING)),
      ),
  };
}
