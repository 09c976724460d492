import type { webApi } from "@slack/bolt";
import type { CardFile } from "../../commands/card.ts";
import type { ClutchError } from "../../src/errors.ts";
import type { Drawn } from "./card-blocks.ts";
import type { Spot } from "./places.ts";
import { slackErrorName, slackProblem } from "./slack-problems.ts";

/** No text of ours becomes a mention, a link with a preview, or markup. */
export const SAFE = {
  link_names: false,
  parse: "none",
  unfurl_links: false,
  unfurl_media: false,
  mrkdwn: false,
} as const;

/** Ordinary messages in channels where Clutch is a member. Each rejects with a coded error. */
export interface Poster {
  /** Gives the message's timestamp, which is its name in the channel. */
  message(channel: string, thread: string | undefined, drawn: Drawn): Promise<string>;
  ephemeral(channel: string, thread: string | undefined, user: string, drawn: Drawn): Promise<void>;
  update(channel: string, ts: string, drawn: Drawn): Promise<void>;
  remove(channel: string, ts: string): Promise<void>;
  image(
    channel: string,
    thread: string | undefined,
    image: { readonly png: Uint8Array; readonly alt: string },
  ): Promise<void>;
  file(channel: string, thread: string | undefined, file: CardFile): Promise<void>;
  /** The channel of the app's direct conversation with a person. */
  direct(user: string): Promise<string>;
  modal(triggerId: string, view: webApi.ViewsOpenArguments["view"]): Promise<void>;
}

/** Slack did not like the blocks; the words must arrive all the same. */
const BLOCK_ERRORS: ReadonlySet<string> = new Set([
  "invalid_blocks",
  "invalid_blocks_format",
  "msg_blocks_too_long",
  "too_many_blocks",
]);

interface Upload {
  readonly file: Buffer;
  readonly filename: string;
  readonly title: string;
  readonly alt_text?: string;
}

/** `onProblem` hears of what a person must mend, by method, and of its mending. */
export function createPoster(
  client: webApi.WebClient,
  onProblem: (method: string, problem: ClutchError | undefined) => void,
): Poster {
  const call = async <Result>(method: string, run: () => Promise<Result>): Promise<Result> => {
    try {
      const result = await run();
      onProblem(method, undefined);
      return result;
    } catch (thrown) {
      const problem = slackProblem(thrown, method);
      if (problem.code === "platform_auth" || problem.code === "platform_scope") onProblem(method, problem);
      throw problem;
    }
  };
  const withText = async <Result>(
    method: string,
    drawn: Drawn,
    run: (content: Drawn) => Promise<Result>,
  ): Promise<Result> =>
    call(method, async () => {
      try {
        return await run(drawn);
      } catch (thrown) {
        if (!BLOCK_ERRORS.has(slackErrorName(thrown) ?? "")) throw thrown;
        return await run({ text: drawn.text, blocks: [] });
      }
    });
  const inThread = (thread: string | undefined): { thread_ts?: string } =>
    thread === undefined ? {} : { thread_ts: thread };

  const upload = async (channel: string, thread: string | undefined, file: Upload): Promise<void> => {
    await call("files.uploadV2", () =>
      // With and without a thread are different types of arguments.
      thread === undefined
        ? client.files.uploadV2({ channel_id: channel, ...file })
        : client.files.uploadV2({ channel_id: channel, thread_ts: thread, ...file }),
    );
  };

  return {
    async message(channel, thread, drawn) {
      const { ts } = await withText("chat.postMessage", drawn, (content) =>
        client.chat.postMessage({ channel, ...inThread(thread), ...content, ...SAFE }),
      );
      return ts ?? "";
    },
    async ephemeral(channel, thread, user, drawn) {
      const { mrkdwn: _, unfurl_links: __, unfurl_media: ___, ...safe } = SAFE;
      await withText("chat.postEphemeral", drawn, (content) =>
        client.chat.postEphemeral({ channel, user, ...inThread(thread), ...content, ...safe }),
      );
    },
    async update(channel, ts, drawn) {
      await withText("chat.update", drawn, (content) =>
        client.chat.update({ channel, ts, ...content, link_names: SAFE.link_names, parse: SAFE.parse }),
      );
    },
    async remove(channel, ts) {
      await call("chat.delete", () => client.chat.delete({ channel, ts }));
    },
    image: (channel, thread, { png, alt }) =>
      upload(channel, thread, {
        file: Buffer.from(png),
        filename: "clutch.png",
        alt_text: alt,
        title: alt.slice(0, 250),
      }),
    file: (channel, thread, { name, text }) =>
      upload(channel, thread, { file: Buffer.from(text), filename: name, title: name }),
    async direct(user) {
      const opened = await call("conversations.open", () => client.conversations.open({ users: user }));
      return opened.channel?.id ?? user;
    },
    async modal(triggerId, view) {
      await call("views.open", () => client.views.open({ trigger_id: triggerId, view }));
    },
  };
}

/**
 * Puts something where it belongs. A direct conversation with another bot, such
 * as the agent's, takes nothing of Clutch's: then into Clutch's own with that
 * person, which gives false. Rejects as `put` does.
 */
export async function putHere(
  { channel, thread, user }: Omit<Spot, "team">,
  poster: Pick<Poster, "direct">,
  put: (channel: string, thread: string | undefined) => Promise<void>,
): Promise<boolean> {
  try {
    await put(channel, thread);
    return true;
  } catch (thrown) {
    const own = channel.startsWith("D") && user !== "" ? await poster.direct(user).catch(() => channel) : channel;
    if (own === channel) throw thrown;
    await put(own, undefined);
    return false;
  }
}
