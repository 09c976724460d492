import { z } from "zod";

/*
 * What Slack sends, as far as Clutch reads it. Everything else in a payload is
 * ignored; a payload that does not fit is acknowledged and dropped.
 */

const team = z.string().regex(/^[TE][A-Z0-9]{1,40}$/);
const channel = z.string().regex(/^[CDG][A-Z0-9]{1,40}$/);
const user = z.string().regex(/^[UW][A-Z0-9]{1,40}$/);
const timestamp = z.string().regex(/^\d{1,12}\.\d{1,12}$/);
const id = z.string().min(1).max(255);
const name = z.string().max(255).optional().catch(undefined);
const url = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .optional()
  .catch(undefined);

const teamObject = z.object({ id: team });
const userObject = z.object({ id: user, username: name, name });
const channelObject = z.object({ id: channel, name });

export const slashPayload = z.object({
  team_id: team,
  channel_id: channel,
  channel_name: name,
  user_id: user,
  user_name: name,
  command: z.string().regex(/^\/\S{1,64}$/),
  text: z.string().max(10_000).default(""),
  response_url: url,
  trigger_id: id,
});

export const actionPayload = z.object({
  team: teamObject,
  user: userObject,
  channel: channelObject,
  container: z.object({ message_ts: timestamp, is_ephemeral: z.boolean().default(false) }),
  response_url: url,
  trigger_id: id,
  actions: z
    .array(
      z.object({
        action_id: id,
        block_id: id,
        value: z.string().max(2_000).optional(),
        selected_option: z.object({ value: z.string().max(2_000) }).nullish(),
      }),
    )
    .min(1),
});

export const suggestionPayload = z.object({
  team: teamObject,
  user: userObject,
  action_id: id,
  value: z.string().max(1_000).default(""),
});

export const shortcutPayload = z.object({
  team: teamObject,
  user: userObject,
  channel: channelObject,
  callback_id: id,
  message: z.object({ ts: timestamp, thread_ts: timestamp.optional() }),
  trigger_id: id,
  response_url: url,
});

export const submissionPayload = z.object({
  team: teamObject,
  user: userObject,
  view: z.object({
    id,
    callback_id: id,
    private_metadata: z.string().max(3_000),
    state: z.object({
      values: z.record(
        z.string(),
        z.record(z.string(), z.object({ selected_option: z.object({ value: z.string().max(2_000) }).nullish() })),
      ),
    }),
  }),
});

export const mentionPayload = z.object({
  team_id: team,
  event_id: id,
  event: z.object({
    user,
    text: z.string().max(40_000),
    ts: timestamp,
    channel,
    thread_ts: timestamp.optional(),
    bot_id: z.string().optional(),
  }),
});

/** The place of a modal's conversation, written by us and signed by Slack on its way back. */
export const modalPlace = z.object({ channel, thread: timestamp, seal: id });
