import type { ActionStore, OpenedAction } from "../../commands/action-store.ts";
import type { OptionValues, Person } from "../../commands/command.ts";

/** What a control does. It stands in the control's id, which anybody can make up, and in the store, which decides. */
const KINDS = ["run", "pick", "confirm", "cancel", "page"] as const;
export type ControlKind = (typeof KINDS)[number];

export interface Control {
  readonly kind: ControlKind;
  readonly id: string;
}

/** What a control stands for; `actor` is who was answered, absent where nobody had asked. */
export interface Sealed {
  readonly line: string;
  readonly options?: OptionValues;
  readonly actor?: Person;
}

/** The ids of buttons and menus: opaque, bound to their channel and to what they do. */
export interface Buttons {
  /** Gives the `custom_id`. Only who was asked may use a `confirm` or a `cancel`, and only once. */
  seal(kind: ControlKind, what: Sealed, channelId: string): Promise<string>;
  open(control: Control, person: Person, channelId: string): Promise<OpenedAction>;
}

export function createButtons(actions: ActionStore): Buttons {
  const place = (kind: ControlKind, channelId: string): string => `discord:${channelId}/${kind}`;
  return {
    async seal(kind, { line, options, actor }, channelId) {
      const id = await actions.seal({
        line,
        ...(options === undefined ? {} : { options }),
        confirms: kind === "confirm" || kind === "cancel",
        actor: actor === undefined ? "" : `${actor.platform}:${actor.id}`,
        place: place(kind, channelId),
      });
      return `${kind}:${id}`;
    },
    open: ({ kind, id }, person, channelId) => actions.open(id, person, place(kind, channelId)),
  };
}

/** Undefined for an id that is none of ours. */
export function parseControl(customId: string): Control | undefined {
  const [, name, id] = /^([a-z]+):([\w-]{24})$/.exec(customId) ?? [];
  const kind = KINDS.find((each) => each === name);
  return kind === undefined || id === undefined ? undefined : { kind, id };
}
