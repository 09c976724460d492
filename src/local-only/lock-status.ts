import type { ModelRef } from "../models/model-ref.ts";

/**
 * How far local-only mode is in force. `enforced`: guard and wall hold. `partly`:
 * one of them does, and some paths are only configured. `broken`: it is on, and
 * something that should hold does not. `changing`: somebody is turning it on or off
 * now, or was interrupted.
 */
export type Enforcement = "off" | "enforced" | "partly" | "broken" | "changing";

/** One means of enforcing the lock, as it is now. */
export interface LayerState {
  readonly name: "guard" | "wall" | "helpers";
  /** `absent`: not installed, or it cannot be reached. */
  readonly state: "closed" | "open" | "absent";
  /** One sentence for people: where it stands, or why it is absent and what to do. */
  readonly text: string;
}

/** A way by which text could leave, and what holds it. */
export interface PathProof {
  /** For people: "A turn of a conversation that is pinned to a cloud model". */
  readonly path: string;
  /** The layers that hold it, such as "guard, wall"; empty where none does. */
  readonly heldBy: string;
  /** `proved`: a canary ran here, now. `leaks`: a canary got out. */
  readonly result: "proved" | "configured" | "not covered" | "leaks";
  /** What was seen, or why it could not be tried. */
  readonly detail: string;
}

export interface Verification {
  /** Epoch ms. */
  readonly at: number;
  readonly paths: readonly PathProof[];
  /** Settings of OpenClaw that choose a model and that this version of Clutch does not know. */
  readonly unknownSettings: readonly string[];
}

/** Who turned it on or off, and when. */
export interface LockChangeNote {
  /** `platform:user`, or `clutch` for a schedule. */
  readonly actor: string;
  readonly reason: string | undefined;
  /** Epoch ms. */
  readonly at: number;
}

/** What changes by itself; times are of the machine that Clutch runs on. */
export interface Schedule {
  /** The next change. */
  readonly next: { readonly turns: "on" | "off" /** Epoch ms. */; readonly at: number } | undefined;
  /** Every day, `22:00-07:00`. */
  readonly daily: string | undefined;
}

export interface KeptConversation {
  readonly sessionKey: string;
  /** `here`: somebody wants it always local. `unreleased`: it holds text that was written while the lock was on. */
  readonly why: "here" | "unreleased";
  /** Epoch ms. */
  readonly at: number;
}

export interface LockStatus {
  readonly enforcement: Enforcement;
  readonly isOn: boolean;
  /** Where it is changing, what it is to become. */
  readonly wanted: "on" | "off";
  /** The latest change; undefined where it never was on. */
  readonly last: LockChangeNote | undefined;
  readonly layers: readonly LayerState[];
  /** What turns would go to, best first. */
  readonly localModels: readonly ModelRef[];
  readonly schedule: Schedule;
  /** Whether a running Clutch sees to the schedule and watches over the lock. */
  readonly isWatched: boolean;
  readonly kept: readonly KeptConversation[];
  /** Of the lock that holds. */
  readonly verification: Verification | undefined;
  /** What is wrong, one sentence each; empty where nothing is. */
  readonly problems: readonly string[];
}
