import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Node's cache of compiled code, shared by every gateway and every `clutch` that tests
 * start: it is addressed by content, and saves a tenth of a gateway's start and half of
 * Clutch's own. Nothing else of one suite reaches another.
 */
export const COMPILE_CACHE = join(tmpdir(), "clutch-test-compile-cache");
