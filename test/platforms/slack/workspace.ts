import type { Json } from "./json.ts";

/** A message as the workspace holds it. */
export interface Message {
  readonly channel: string;
  readonly ts: string;
  readonly thread?: string;
  readonly text: string;
  readonly blocks: unknown;
  /** The app that posted it, or the person. */
  readonly by: string;
  /** Set where only one person sees it. */
  readonly onlyFor?: string;
  readonly edits: number;
  readonly files?: readonly SlackFile[];
}

export interface SlackFile {
  readonly id: string;
  readonly name: string;
  readonly alt: string;
  readonly bytes: Uint8Array;
}

export interface Channel {
  readonly id: string;
  readonly name: string;
  /** Apps that are no members cannot post here but by response_url. */
  readonly outsiders: Set<string>;
}

/** A modal that a person has open. */
export interface OpenView {
  readonly id: string;
  readonly app: string;
  readonly user: string;
  readonly view: Json;
  errors: Readonly<Record<string, string>>;
}

export interface Workspace {
  readonly team: string;
  readonly channels: Map<string, Channel>;
  readonly messages: Message[];
  readonly views: Map<string, OpenView>;
  /** People of each user group. */
  readonly groups: Map<string, readonly string[]>;
  /** A timestamp later than all before it. */
  nextTs(): string;
  nextId(prefix: string): string;
  channel(id: string): Channel | undefined;
  /** The direct conversation of a person with an app. */
  direct(user: string): Channel;
  post(message: Omit<Message, "ts" | "edits">): Message;
  edit(channel: string, ts: string, change: Partial<Pick<Message, "text" | "blocks" | "files">>): Message | undefined;
  remove(channel: string, ts: string): boolean;
}

export function createWorkspace(): Workspace {
  const channels = new Map<string, Channel>();
  const messages: Message[] = [];
  let count = 0;

  const add = (id: string, name: string): Channel => {
    const channel = { id, name, outsiders: new Set<string>() };
    channels.set(id, channel);
    return channel;
  };
  add("C0GENERAL", "general");
  add("C0OTHER", "other");
  add("G0PRIVATE", "privategroup");
  add("C0MPDM", "mpdm-ann--bob--cid-1");

  const workspace: Workspace = {
    team: "T0TEAM",
    channels,
    messages,
    views: new Map(),
    groups: new Map(),
    nextTs() {
      count += 1;
      return `1764000000.${String(count).padStart(6, "0")}`;
    },
    nextId(prefix) {
      count += 1;
      return `${prefix}${count.toString(36).toUpperCase().padStart(8, "0")}`;
    },
    channel: (id) => channels.get(id),
    direct(user) {
      const id = `D0${user}`;
      return channels.get(id) ?? add(id, "directmessage");
    },
    post(message) {
      const posted = { ...message, ts: workspace.nextTs(), edits: 0 };
      messages.push(posted);
      return posted;
    },
    edit(channel, ts, change) {
      const index = messages.findIndex((message) => message.channel === channel && message.ts === ts);
      const old = messages[index];
      if (old === undefined) return undefined;
      const edited = { ...old, ...change, edits: old.edits + 1 };
      messages[index] = edited;
      return edited;
    },
    remove(channel, ts) {
      const index = messages.findIndex((message) => message.channel === channel && message.ts === ts);
      if (index >= 0) messages.splice(index, 1);
      return index >= 0;
    },
  };
  return workspace;
}
