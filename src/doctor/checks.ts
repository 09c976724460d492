import type { Check } from "./check.ts";
import { configFileCheck, ownersCheck, secretsCheck } from "./configuration-checks.ts";
import { modelSpaceCheck } from "./disk-checks.ts";
import {
  gatewayClockCheck,
  gatewayPingCheck,
  gatewayReachableCheck,
  gatewayReachCheck,
  gatewayScopesCheck,
  gatewayVersionCheck,
} from "./gateway-checks.ts";
import { guardCanaryCheck, guardInstalledCheck } from "./guard-checks.ts";
import {
  helperCallsCheck,
  priceAgeCheck,
  trustedLocalCheck,
  unknownLocalityCheck,
  unpricedCheck,
} from "./knowledge-checks.ts";
import { localOnlyCheck, networkCheck } from "./local-only-checks.ts";
import { defaultModelsCheck, toolCallsCheck } from "./model-checks.ts";
import { clockJumpCheck, nodeCheck, timeSyncCheck } from "./own-checks.ts";
import { platformsCheck } from "./platform-check.ts";
import { ollamaCloudCheck, serversCheck, windowsCheck } from "./server-checks.ts";
import { backupsCheck, storeCheck, storeSpaceCheck } from "./store-checks.ts";
import { wallCheck } from "./wall-check.ts";

/** Everything that is looked at, in the order in which it is shown. A new check is a function and a line here. */
export const allChecks: readonly Check[] = [
  nodeCheck,
  configFileCheck,
  secretsCheck,
  ownersCheck,
  storeCheck,
  backupsCheck,
  storeSpaceCheck,
  modelSpaceCheck,
  timeSyncCheck,
  clockJumpCheck,
  gatewayClockCheck,
  gatewayReachableCheck,
  gatewayVersionCheck,
  gatewayScopesCheck,
  gatewayReachCheck,
  gatewayPingCheck,
  defaultModelsCheck,
  toolCallsCheck,
  serversCheck,
  ollamaCloudCheck,
  windowsCheck,
  unknownLocalityCheck,
  trustedLocalCheck,
  priceAgeCheck,
  unpricedCheck,
  helperCallsCheck,
  localOnlyCheck,
  networkCheck,
  guardInstalledCheck,
  guardCanaryCheck,
  wallCheck,
  platformsCheck,
];
