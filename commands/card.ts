import type { Chart } from "../src/charts/chart.ts";
import type { DotChart } from "../src/charts/dot-chart.ts";

/**
 * A card is an answer without a platform: adapters draw it as a Discord embed,
 * Slack blocks or terminal text. Texts are plain; an adapter escapes them for
 * where they go.
 */
export interface Card {
  readonly tone: "info" | "success" | "warning" | "error";
  readonly title: string;
  /** Sentences below the title, one paragraph each. */
  readonly body?: readonly string[];
  readonly fields?: readonly Field[];
  readonly meter?: Meter;
  readonly table?: Table;
  /** Drawn by each adapter in its own way; in the place of an image where there are both. */
  readonly chart?: Chart | DotChart;
  readonly image?: Image;
  readonly file?: CardFile;
  readonly choices?: Choices;
  readonly actions?: readonly Action[];
  /** A quiet last line: how it was found out, what to know. */
  readonly footer?: string;
}

export interface Field {
  readonly name: string;
  readonly value: string;
}

/** A filled bar, `value` of `max`. */
export interface Meter {
  readonly label: string;
  readonly value: number;
  readonly max: number;
  /** What stands beside the bar, with units: "12.4k of 32.8k tokens". */
  readonly text: string;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A picture; `alt` says in words what it shows, for who cannot see it. */
export interface Image {
  readonly png: Uint8Array;
  readonly alt: string;
}

/** A file to take away, UTF-8. */
export interface CardFile {
  /** Without a folder. */
  readonly name: string;
  /** `text/csv`, … */
  readonly mediaType: string;
  readonly text: string;
}

/** Things to pick one of: a select menu where there is one. Picking runs `command` followed by the choice's value. */
export interface Choices {
  readonly label: string;
  readonly command: string;
  readonly items: readonly Choice[];
}

export interface Choice {
  readonly value: string;
  readonly label: string;
  readonly detail: string;
  /** A heading under which an adapter may group. */
  readonly group: string;
  readonly current: boolean;
}

/** A button. Pressing it runs `line` as if the person had typed it; `confirms` says that this is the yes to a question. */
export interface Action {
  readonly label: string;
  readonly line: string;
  readonly style: "primary" | "secondary" | "danger";
  readonly confirms?: boolean;
}
