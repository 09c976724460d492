import type { ConfiguredDefaults } from "../src/agents/configured-defaults.ts";
import type { ModelRegistry } from "../src/registry/model-registry.ts";
import type { BulkSwitch } from "../src/sessions/bulk-switch.ts";
import type { SessionModels } from "../src/sessions/session-models.ts";
import type { TemporarySwitches } from "../src/sessions/temporary-switches.ts";
import type { ChangeJournal } from "../src/store/change-journal.ts";

/** What commands work with. Built once in `src/app.ts` and handed to the dispatcher. */
export interface Services {
  readonly registry: ModelRegistry;
  readonly sessions: SessionModels;
  readonly temporary: TemporarySwitches;
  readonly bulk: BulkSwitch;
  readonly defaults: ConfiguredDefaults;
  readonly journal: ChangeJournal;
  /** Epoch ms. */
  readonly clock: () => number;
}
