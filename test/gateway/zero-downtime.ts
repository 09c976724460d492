import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { type AttachedClutch, type Lab, LLAMA, PERSONA, QWEN, SONNET, turns } from "./harness.ts";

export interface Traffic {
  /** Problems found, in words; empty when nobody noticed anything. */
  readonly problems: readonly string[];
  readonly messages: number;
  readonly switches: number;
  readonly refused: number;
}

const MODELS = [QWEN, LLAMA, SONNET, "default"];

/**
 * Conversations that talk without a pause while their models are switched at
 * random. Afterwards every message must have been answered exactly once, and
 * the last request of each conversation must hold all of it and the persona.
 */
export async function talkWhileSwitching(
  lab: Lab,
  clutch: AttachedClutch,
  load: {
    readonly conversations: number;
    readonly messagesEach: number;
    readonly switches: number;
    readonly disturb?: () => Promise<void>;
  },
): Promise<Traffic> {
  const problems: string[] = [];
  const channels = Array.from({ length: load.conversations }, (_, index) => 8_000 + index);
  const key = (channel: number): string => `agent:main:discord:channel:${channel}`;
  const text = (channel: number, nth: number): string => `Message ${nth} of ${channel}, please note it.`;
  // An answer names the message it answers, so that a second answer or none is seen. A turn that a restart cut off is
  // taken up again by OpenClaw, with a note of its own after the message.
  lab.answerWith((chat) => ({
    text: `Noted: ${
      turns(chat)
        .findLast((turn) => turn.startsWith("user: Message "))
        ?.slice(6) ?? "nothing"
    }`,
  }));

  let talking = channels.length;
  const talk = async (channel: number): Promise<void> => {
    for (let nth = 1; nth <= load.messagesEach; nth++) {
      const reply = await sayOnce(clutch, key(channel), text(channel, nth));
      if (reply !== `Noted: ${text(channel, nth)}`) problems.push(`${channel}: message ${nth} was answered “${reply}”`);
    }
    talking--;
  };
  let switches = 0;
  let refused = 0;
  const switchAround = async (): Promise<void> => {
    // Every conversation has to exist before it can be switched.
    while (switches < load.switches && refused < load.switches) {
      const nth = switches + refused;
      const channel = channels[nth % channels.length] ?? 0;
      const model = MODELS[Math.floor(nth / channels.length) % MODELS.length] ?? SONNET;
      const outcome = await clutch.run(`/model ${model}`, `session:${key(channel)}`);
      if (outcome.ok) switches++;
      else if (outcome.error?.code === "no_session" || outcome.needsConfirmation) await sleep(100);
      else {
        // A gateway that is busy or away may keep a switch waiting too long; then it is said and asked for again.
        refused++;
        const code = outcome.error?.code ?? "";
        if (!/^(deadline|gateway_.*|not_verified)$/.test(code))
          problems.push(`switch of ${channel}: ${outcome.card.title}`);
      }
      if (talking > 0) await sleep(20);
    }
  };
  await Promise.all([...channels.map(talk), switchAround(), load.disturb?.()]);

  for (const channel of channels) {
    const requests = [...lab.ollama.chats, ...lab.anthropic.chats].filter((chat) =>
      turns(chat).some((turn) => turn.includes(`of ${channel},`)),
    );
    const last = requests.toSorted((a, b) => turns(a).length - turns(b).length).at(-1);
    if (last === undefined) {
      problems.push(`${channel}: no request`);
      continue;
    }
    if (!last.system.includes(PERSONA)) problems.push(`${channel}: the persona is missing`);
    const said = turns(last);
    for (let nth = 1; nth <= load.messagesEach; nth++) {
      const asked = said.filter((turn) => turn === `user: ${text(channel, nth)}`).length;
      const answered = said.filter((turn) => turn === `assistant: Noted: ${text(channel, nth)}`).length;
      const open = nth === load.messagesEach ? 0 : 1;
      if (asked !== 1) problems.push(`${channel}: message ${nth} stands ${asked} times in the last request`);
      if (answered !== open) problems.push(`${channel}: answer ${nth} stands ${answered} times in the last request`);
    }
  }
  lab.answerWith(undefined);
  return { problems, messages: channels.length * load.messagesEach, switches, refused };
}

/** Sends a message until the gateway has answered it; the same id every time, so that it counts once. */
async function sayOnce(clutch: AttachedClutch, sessionKey: string, message: string): Promise<string> {
  const runId = randomUUID();
  for (;;) {
    try {
      await clutch.call("chat.send", { sessionKey, message, idempotencyKey: runId });
      const reply = (await clutch.call("agent.wait", { runId, timeoutMs: 30_000 })) as {
        status?: string;
        terminalReply?: { text?: string };
      };
      if (reply.status === "ok" && reply.terminalReply?.text !== undefined) {
        await sleep(150);
        return reply.terminalReply.text;
      }
    } catch {
      // The gateway is away: it is asked again when it is back.
    }
    await sleep(300);
  }
}
