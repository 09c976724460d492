import { join } from "node:path";
import { makeSbom } from "./make-sbom.ts";

process.stdout.write(await makeSbom(join(import.meta.dirname, "../..")));
