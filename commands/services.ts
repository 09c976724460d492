import type { ConfiguredDefaults } from "../src/agents/configured-defaults.ts";
import type { HelperModels } from "../src/agents/helper-models.ts";
import type { SoulSync } from "../src/agents/soul-sync.ts";
import type { Bench } from "../src/bench/bench.ts";
import type { Doctor } from "../src/doctor/doctor.ts";
import type { LocalOnly } from "../src/local-only/local-only.ts";
import type { SpeedMachine } from "../src/models/speed.ts";
import type { OpenClaw } from "../src/openclaw/openclaw.ts";
import type { ModelRegistry } from "../src/registry/model-registry.ts";
import type { BulkSwitch } from "../src/sessions/bulk-switch.ts";
import type { SessionFinder } from "../src/sessions/session-finder.ts";
import type { SessionModels } from "../src/sessions/session-models.ts";
import type { SwitchPlanner } from "../src/sessions/switch-planner.ts";
import type { TemporarySwitches } from "../src/sessions/temporary-switches.ts";
import type { ChangeJournal } from "../src/store/change-journal.ts";
import type { Budgets } from "../src/usage/budgets.ts";
import type { Usage } from "../src/usage/usage.ts";

/** What commands work with. Built once in `src/app.ts` and handed to the dispatcher. */
export interface Services {
  readonly registry: ModelRegistry;
  readonly sessions: SessionModels;
  readonly planner: SwitchPlanner;
  readonly openclaw: Pick<OpenClaw, "compactSession" | "readTranscript">;
  readonly temporary: TemporarySwitches;
  readonly bulk: BulkSwitch;
  readonly defaults: ConfiguredDefaults;
  readonly helpers: HelperModels;
  readonly souls: Pick<SoulSync, "declareInSoul">;
  readonly localOnly: LocalOnly;
  readonly budgets: Budgets;
  /** The machine that Clutch runs on, as last looked at. */
  readonly machine: () => SpeedMachine | undefined;
  readonly journal: ChangeJournal;
  readonly finder: Pick<SessionFinder, "find">;
  readonly usage: Usage;
  readonly bench: Bench;
  readonly doctor: Doctor;
  /** Epoch ms. */
  readonly clock: () => number;
}
