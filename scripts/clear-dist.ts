import { rm } from "node:fs/promises";
import { join } from "node:path";

/** Nothing of an earlier build gets into the package. */
await rm(join(import.meta.dirname, "../dist"), { recursive: true, force: true });
