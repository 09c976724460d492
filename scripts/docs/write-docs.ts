import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { commandsPage } from "./commands-page.ts";

/** Writes the pages that are made from the code. */
await writeFile(join(import.meta.dirname, "../../docs/commands.md"), commandsPage());
