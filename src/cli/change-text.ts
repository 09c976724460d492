import type { SlotDifference } from "../agents/config-changes.ts";

/** A slot of OpenClaw's configuration before and after, on one line. */
export const changeText = ({ name, before, after }: SlotDifference): string =>
  `${name}: ${show(before)} -> ${show(after)}`;

const show = (value: unknown): string => (value === null || value === undefined ? "unset" : JSON.stringify(value));
