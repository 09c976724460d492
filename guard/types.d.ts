/** The shapes that the guard's files share. Nothing of this exists at run time. */

/** A model that Clutch found to be local, and how OpenClaw reached it then. */
export interface LocalModel {
  readonly provider: string;
  readonly model: string;
  /** Its server, as OpenClaw's configuration names it. */
  readonly baseUrl: string;
  /** Ollama can be asked for its models; other servers are only asked whether they listen. */
  readonly ollama: boolean;
}

/** What Clutch tells the guard: where turns may go. */
export interface GuardRules {
  readonly models: readonly LocalModel[];
  /** `provider/model`, best first, by agent id; `*` for all others. */
  readonly order: Readonly<Record<string, readonly string[]>>;
  /** Tools that would send what they are given to a model in the cloud. */
  readonly tools: readonly string[];
}

export interface GuardState extends GuardRules {
  readonly on: boolean;
  /** Of the lock that holds, or of the one that was ended last. */
  readonly id: string;
  /** When it came to be so, epoch ms. */
  readonly at: number;
  /** Conversations that stay local whether the lock is on or not, by session key. */
  readonly kept: Readonly<Record<string, { readonly why: "here" | "unreleased"; readonly at: number }>>;
  /** Why the file cannot be believed; the lock is on then. */
  readonly damage?: string;
}

/** What OpenClaw's hooks say of a run; every part may be missing. */
export interface RunContext {
  readonly runId?: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly modelProviderId?: string;
  readonly modelId?: string;
  readonly trigger?: string;
}

/** Whether a model's server would answer, and if not, why in a few words. */
export type Health = { readonly ok: true } | { readonly ok: false; readonly why: string };

/** A call to a model in the cloud that was begun while it should not have been. */
export interface Escape {
  readonly provider: string;
  readonly model: string;
  readonly runId: string;
  readonly sessionKey: string;
  /** Epoch ms. */
  readonly at: number;
}

/** Where a canary's turn ended: answered with a notice, stopped at the gate, or on its way to a local model. */
export interface Canary {
  readonly runId: string;
  readonly sessionKey: string;
  /** The model that it would have used, `provider/model`. */
  readonly model: string;
  readonly met: "notice" | "gate" | "local";
  /** Epoch ms. */
  readonly at: number;
}

/** A call of a model, as OpenClaw's hooks told of it; nothing of what was said. Times are epoch ms. */
export interface ModelCall {
  /** Among all calls of this gateway. */
  readonly key: string;
  /** Once it is over: its place among those. */
  readonly n?: number;
  readonly runId: string;
  readonly sessionKey: string;
  readonly agentId?: string;
  /** What began its run: `user`, `heartbeat`, `cron`, … */
  readonly trigger?: string;
  readonly provider: string;
  readonly model: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly outcome?: "answered" | "failed" | "aborted";
  /** The moment that OpenClaw's message of it bears, which is the same in the transcript. */
  readonly askedAt?: number;
  /** As the model's server counted; cache reads and writes are not part of `input`. */
  readonly tokens?: {
    readonly input: number;
    readonly output: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
  };
  /** Another model had failed in the same run. */
  readonly fallback: boolean;
}
