import { agentsArguments } from "./agents.ts";
import { auditArguments } from "./audit.ts";
import { benchArguments } from "./bench.ts";
import { doctorArguments } from "./doctor.ts";
import { execArguments } from "./exec.ts";
import { guardArguments } from "./guard.ts";
import { initArguments } from "./init.ts";
import { localonlyArguments } from "./localonly.ts";
import { modelsArguments } from "./models.ts";
import { ownerArguments } from "./owner.ts";
import type { AddArguments } from "./run.ts";
import { serviceArguments } from "./service.ts";
import { slackArguments } from "./slack.ts";
import { startArguments } from "./start.ts";
import { storeArguments } from "./store.ts";
import { uninstallArguments } from "./uninstall.ts";
import { usageArguments } from "./usage.ts";
import { wallArguments } from "./wall.ts";

/** In the order in which the help names them. A new subcommand is a file and a line. */
export const allArguments: readonly AddArguments[] = [
  startArguments,
  initArguments,
  execArguments,
  ownerArguments,
  auditArguments,
  agentsArguments,
  modelsArguments,
  doctorArguments,
  localonlyArguments,
  usageArguments,
  guardArguments,
  wallArguments,
  benchArguments,
  slackArguments,
  storeArguments,
  serviceArguments,
  uninstallArguments,
];
