import { benchCommand } from "./bench.ts";
import { clutchCommand } from "./clutch.ts";
import type { Command } from "./command.ts";
import { helpCommand } from "./help.ts";
import { localOnlyCommand } from "./localonly.ts";
import { modelCommand } from "./model.ts";
import type { Services } from "./services.ts";
import { usageCommand } from "./usage.ts";

/** Every chat command. A new one is a file of its own and a line here. */
export const allCommands: readonly Command<Services>[] = [
  modelCommand,
  localOnlyCommand,
  usageCommand,
  benchCommand,
  clutchCommand,
  helpCommand(() => allCommands),
];
