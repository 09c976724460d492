import type { App } from "@slack/bolt";
import type { Logger } from "pino";
import type { z } from "zod";
import { type ActionStore, type OpenedAction, sealOnce } from "../../commands/action-store.ts";
import type { Card } from "../../commands/card.ts";
import type { Person } from "../../commands/command.ts";
import { type Outcome, outcomeOf } from "../../commands/dispatcher.ts";
import { toClutchError } from "../../src/errors.ts";
import type { Conversation } from "../../src/models/conversation.ts";
import type { Dispatch } from "../adapter.ts";
import { inWords, withPicture } from "../picture.ts";
import { type Answer, createAnswer } from "./answer.ts";
import { CANCEL, drawWithControls, RUN, sayCard, threadOfBlock } from "./card-controls.ts";
import { type ChoiceMenus, type MenuEntries, sealOfMenu } from "./choice-menus.ts";
import type { CommandNames } from "./command-names.ts";
import { deliverFile } from "./deliver-file.ts";
import { MODEL_MODAL, MODEL_SHORTCUT, modelModal, readSubmission } from "./model-modal.ts";
import type { Once } from "./once.ts";
import {
  actionPayload,
  mentionPayload,
  modalPlace,
  shortcutPayload,
  slashPayload,
  submissionPayload,
  suggestionPayload,
} from "./payloads.ts";
import { type ChannelKinds, conversationOf, placeOf, type Spot } from "./places.ts";
import type { Poster } from "./poster.ts";
import type { ResponseUrl } from "./response-url.ts";
import { afterMention, decodeTyped, quoted } from "./typed-text.ts";
import type { UserGroups } from "./user-groups.ts";

export interface ListenerParts {
  readonly dispatch: Dispatch;
  readonly names: CommandNames;
  readonly actions: ActionStore;
  readonly menus: ChoiceMenus;
  readonly kinds: ChannelKinds;
  readonly groups: UserGroups;
  readonly poster: Poster;
  readonly once: Once;
  readonly logger: Logger;
  /** Our own id in the workspace, once Slack has said it. */
  readonly botUser: () => string | undefined;
  /** Nothing where the payload has none, or one that does not lead to Slack. */
  readonly responseUrl: (url: string | undefined) => ResponseUrl | undefined;
  /** Carries out work that `stop` waits for; nothing once stopped. */
  readonly job: (work: () => Promise<void>) => void;
}

/** Slack waits 3 s for what is answered at once; who belongs to a group may be asked for that long, ms. */
const IN_TIME_MS = 1_000;

/** What one interaction is about: where, who, and how to answer. */
interface Occasion {
  readonly spot: Spot;
  readonly channelName?: string | undefined;
  readonly userName?: string | undefined;
  readonly url?: ResponseUrl | undefined;
  readonly pressed?: { readonly ephemeral: boolean; readonly done: boolean };
}

/**
 * Connects Slack's requests with the core. Each is acknowledged before anything
 * else; a menu's entries and a modal's errors are the acknowledgement itself,
 * and come from memory, for who may see them. What does not fit its schema is dropped.
 */
export function listen(app: App, parts: ListenerParts): void {
  const { dispatch, names, actions, menus, poster, once, logger } = parts;

  /** Once for each delivery, after it was acknowledged. */
  const job = (delivery: string, work: () => Promise<void>): void =>
    parts.job(async () => {
      if (await once.claim(delivery)) await work();
    });

  const answerFor = (occasion: Occasion, conversation: Conversation): Answer =>
    createAnswer({
      spot: occasion.spot,
      direct: conversation.kind === "direct",
      ...(occasion.url === undefined ? {} : { url: occasion.url }),
      ...(occasion.pressed === undefined ? {} : { pressed: occasion.pressed }),
      poster,
      drawInterim: interimOf(occasion.spot),
      logger,
    });

  /** Interim cards have their buttons, the same ones each time, and no menu. */
  const interimOf = (spot: Spot) => {
    const sealed = sealOnce(actions);
    return ({ choices: _, ...card }: Card) => drawWithControls({ card, spot, actions: sealed, menus });
  };

  const conversationFor = async ({ spot, channelName }: Occasion): Promise<Conversation> =>
    conversationOf(spot, await parts.kinds.kindOf(spot.channel, channelName));

  const personOf = async (id: string, userName?: string, patienceMs?: number): Promise<Person> => {
    const groups = await parts.groups.groupsOf(id, patienceMs);
    return {
      platform: "slack",
      id,
      ...(userName === undefined ? {} : { name: userName }),
      ...(groups.length === 0 ? {} : { groups }),
    };
  };

  const run = async (occasion: Occasion, line: string, confirmed = false): Promise<void> => {
    const conversation = await conversationFor(occasion);
    const answer = answerFor(occasion, conversation);
    let outcome: Outcome;
    try {
      const person = await personOf(occasion.spot.user, occasion.userName);
      outcome = await dispatch.run({ line, conversation, person, confirmed, progress: answer.progress });
    } catch (thrown) {
      logger.error({ err: thrown }, "a command from Slack met a fault");
      outcome = outcomeOf(toClutchError(thrown));
    }
    const isPrivate = outcome.visibility === "private" && !occasion.spot.channel.startsWith("D");
    const delivered = await deliverFile(outcome.card, { spot: occasion.spot, isPrivate, poster, logger });
    // A picture is a file in the channel, which cannot be shown to one person alone.
    const card = isPrivate ? inWords(delivered) : await withPicture(delivered, logger);
    await answer.finish(await draw({ ...outcome, card }, occasion.spot, line), outcome.visibility, card.image);
  };

  const draw = async ({ card, needsConfirmation }: Outcome, spot: Spot, line: string) => {
    try {
      return await drawWithControls({
        card,
        spot,
        ...(needsConfirmation ? { question: line } : {}),
        actions,
        menus,
      });
    } catch (thrown) {
      logger.error({ err: thrown }, "a card could not be drawn with its buttons");
      return sayCard(card.tone, card.title, card.body);
    }
  };

  const aside = async (occasion: Occasion, title: string, body: string): Promise<void> => {
    await answerFor(occasion, await conversationFor(occasion)).aside(sayCard("warning", title, [body]));
  };
  const gone = (occasion: Occasion): Promise<void> =>
    aside(
      occasion,
      "This button no longer works.",
      "It has expired, was used already, or belongs to another place. Nothing was done; type the command again.",
    );

  app.command(/.*/s, async ({ ack, body }) => {
    await ack();
    const read = slashPayload.safeParse(body);
    if (!read.success) return drop("slash command");
    const { data } = read;
    const spot = { team: data.team_id, channel: data.channel_id, user: data.user_id };
    const line = names.lineOf(data.command, decodeTyped(data.text));
    job(data.trigger_id, () =>
      run(
        { spot, channelName: data.channel_name, userName: data.user_name, url: parts.responseUrl(data.response_url) },
        line,
      ),
    );
  });

  app.event("app_mention", async ({ body }) => {
    // Bolt has acknowledged it already, as it does with every event.
    const read = mentionPayload.safeParse(body);
    if (!read.success) return drop("mention");
    const { event, team_id: team, event_id: id } = read.data;
    if (event.bot_id !== undefined) return;
    const spot = { team, channel: event.channel, user: event.user, ...inThread(event.thread_ts) };
    const words = afterMention(event.text, parts.botUser());
    if (words === undefined) {
      return job(id, () =>
        aside(
          { spot },
          "A command begins with the mention.",
          "Nothing was done: what stands further on may be a quotation.",
        ),
      );
    }
    job(id, () => run({ spot }, names.lineOfWords(decodeTyped(words))));
  });

  app.action({ type: "block_actions" }, async ({ ack, body }) => {
    await ack();
    const read = actionPayload.safeParse(body);
    if (!read.success) return drop("press");
    const { data } = read;
    const [pressed] = data.actions;
    if (pressed === undefined) return;
    const occasion: Occasion = {
      spot: {
        team: data.team.id,
        channel: data.channel.id,
        user: data.user.id,
        ...inThread(threadOfBlock(pressed.block_id)),
      },
      channelName: data.channel.name,
      userName: data.user.username ?? data.user.name,
      url: parts.responseUrl(data.response_url),
      pressed: { ephemeral: data.container.is_ephemeral, done: false },
    };
    job(data.trigger_id, () => press(occasion, pressed.action_id, pressed.value ?? "", pressed.selected_option?.value));
  });

  /** What a button or menu stands for; undefined where that could not be read, which the person is told. */
  const open = async (occasion: Occasion, seal: string): Promise<OpenedAction | undefined> => {
    const { spot } = occasion;
    try {
      return await actions.open(seal, { platform: "slack", id: spot.user }, placeOf(spot));
    } catch (thrown) {
      logger.error({ err: thrown }, "what a button stands for could not be read");
      const { message, hint } = toClutchError(thrown);
      await aside(occasion, message, hint);
      return undefined;
    }
  };

  const press = async (
    occasion: Occasion,
    actionId: string,
    value: string,
    picked: string | undefined,
  ): Promise<void> => {
    const menuSeal = sealOfMenu(actionId);
    const [purpose] = actionId.split(".");
    if (menuSeal === undefined && purpose !== RUN && purpose !== CANCEL) return gone(occasion);
    const opened = await open(occasion, menuSeal ?? value);
    if (opened === undefined) return;
    if (opened.kind === "gone") return gone(occasion);
    if (opened.kind === "not_yours") {
      return aside(
        occasion,
        "This question is another person's.",
        "Only who was asked may answer it. Nothing was done.",
      );
    }
    const { line, confirms } = opened.action;
    const answering: Occasion = {
      ...occasion,
      pressed: { ephemeral: occasion.pressed?.ephemeral ?? true, done: confirms },
    };
    if (purpose === CANCEL) {
      const conversation = await conversationFor(answering);
      const drawn = sayCard("info", "Not confirmed, so nothing was done.");
      return answerFor(answering, conversation).finish(
        drawn,
        answering.pressed?.ephemeral === false ? "public" : "private",
      );
    }
    if (menuSeal === undefined) return run(answering, line, confirms);
    return picked === undefined ? gone(occasion) : run(answering, `${line} ${quoted(picked)}`);
  };

  app.options<"block_suggestion">({ type: "block_suggestion" }, async ({ ack, body }) => {
    const read = suggestionPayload.safeParse(body);
    await ack(read.success ? await entries(read.data) : { options: [] });
  });
  const entries = async ({ action_id, value, user }: z.output<typeof suggestionPayload>): Promise<MenuEntries> => {
    try {
      return menus.entries(action_id, value, await personOf(user.id, undefined, IN_TIME_MS));
    } catch (thrown) {
      logger.error({ err: thrown }, "no entries for a menu");
      return { options: [] };
    }
  };

  app.shortcut({ type: "message_action" }, async ({ ack, body }) => {
    await ack();
    const read = shortcutPayload.safeParse(body);
    if (!read.success || read.data.callback_id !== MODEL_SHORTCUT) return drop("shortcut");
    const { data } = read;
    const thread = data.message.thread_ts ?? data.message.ts;
    const spot = { team: data.team.id, channel: data.channel.id, user: data.user.id, thread };
    job(data.trigger_id, async () => {
      const occasion: Occasion = { spot, channelName: data.channel.name, url: parts.responseUrl(data.response_url) };
      await conversationFor(occasion);
      // The modal has the list of models in it; the command itself says who may not see that.
      if (!dispatch.admits(await personOf(spot.user, undefined, IN_TIME_MS), "model")) return run(occasion, "/model");
      try {
        const seal = await actions.seal({
          line: "/model",
          confirms: false,
          actor: `slack:${spot.user}`,
          place: placeOf(spot),
        });
        const metadata = JSON.stringify({ channel: spot.channel, thread, seal });
        await poster.modal(data.trigger_id, modelModal(metadata, data.message.thread_ts === undefined));
      } catch (thrown) {
        const { message, hint } = toClutchError(thrown);
        await aside(occasion, message, hint);
      }
    });
  });

  app.view({ type: "view_submission" }, async ({ ack, body }) => {
    const read = submissionPayload.safeParse(body);
    if (!read.success || read.data.view.callback_id !== MODEL_MODAL) {
      await ack();
      return drop("modal");
    }
    const { team, user, view } = read.data;
    const submission = checked(view.state.values, await personOf(user.id, undefined, IN_TIME_MS));
    if ("errors" in submission) {
      await ack({ response_action: "errors", errors: { ...submission.errors } });
      return;
    }
    await ack();
    const where = modalPlace.safeParse(jsonOf(view.private_metadata));
    if (!where.success) return drop("modal");
    const { channel, thread, seal } = where.data;
    const spot = { team: team.id, channel, user: user.id, thread };
    const occasion: Occasion = { spot, userName: user.username ?? user.name };
    job(view.id, async () => {
      const opened = await open(occasion, seal);
      if (opened === undefined) return;
      if (opened.kind !== "ok") return gone(occasion);
      await run(occasion, `${opened.action.line} ${quoted(submission.model)}`);
    });
  });
  const checked = (values: Parameters<typeof readSubmission>[0], person: Person): ReturnType<typeof readSubmission> => {
    try {
      return readSubmission(values, dispatch, person);
    } catch (thrown) {
      logger.error({ err: thrown }, "a modal could not be checked");
      return { errors: { model: "Clutch ran into a fault of its own. Try again." } };
    }
  };

  const drop = (what: string): void =>
    logger.warn({ what }, "Slack sent something that Clutch does not know; it was dropped");
}

const inThread = (thread: string | undefined): { thread?: string } => (thread === undefined ? {} : { thread });

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
