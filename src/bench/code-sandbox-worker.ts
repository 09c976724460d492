import { stripTypeScriptTypes } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import wasmFile from "@jitl/quickjs-wasmfile-release-sync";
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
} from "quickjs-emscripten-core";
import type { CodeJob, SandboxLine } from "./code-job.ts";
import { GUEST_SOURCE } from "./code-sandbox-guest.ts";

/** Its types are those of a CommonJS module; Node loads the other one that it has. */
const variant = wasmFile as unknown as QuickJSSyncVariant;

declare const WebAssembly: { readonly Memory: new (pages: { initial: number; maximum: number }) => never };

const PAGE_BYTES = 65_536;
const MOST_MEMORY_BYTES = 64 * 1024 * 1024;
/** Below the memory's own end, so that most code that wants too much gets an exception and the rest still runs. */
const MOST_HEAP_BYTES = 48 * 1024 * 1024;
/** Some 1,300 calls deep. Twice as much has overrun the stack of the thread. */
const MOST_STACK_BYTES = 256 * 1024;

/**
 * Runs a job in QuickJS and tells what comes of each call. It may stop anywhere:
 * native code of QuickJS does not ask whether its time is up.
 */
async function runJob({ code, entry, calls, deadlineMs }: CodeJob, tell: (line: SandboxLine | string) => void) {
  const wasmMemory = new WebAssembly.Memory({ initial: 256, maximum: MOST_MEMORY_BYTES / PAGE_BYTES });
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
  tell(["begun"]);
  const begun = process.threadCpuUsage();
  const isTimeUp = (): boolean => {
    const { user, system } = process.threadCpuUsage(begun);
    return user + system > deadlineMs * 1_000;
  };
  const ranOut = (): SandboxLine => ["ran out", isTimeUp() ? "time" : "stack or memory"];

  /** The function, or why there is none. */
  const load = (source: string): Loaded => {
    const runtime = quickJs.newRuntime();
    runtime.setMemoryLimit(MOST_HEAP_BYTES);
    runtime.setMaxStackSize(MOST_STACK_BYTES);
    runtime.setInterruptHandler(isTimeUp);
    const context = runtime.newContext();
    const guest = context.unwrapResult(context.evalCode(GUEST_SOURCE, "guest.js", { type: "global" }));
    const callIt = context.getProp(guest, "call");
    const describeIt = context.getProp(guest, "describe");
    const describe = (error: QuickJSHandle): string => {
      const said = context.callFunction(describeIt, context.undefined, error);
      return said.error === undefined ? context.getString(said.value) : "it could not be run";
    };
    const found = findEntry(context, source, entry);
    if (found.error !== undefined) return { problem: describe(found.error) };
    if (context.typeof(found.value) !== "function") return { problem: `there is no function ${entry}` };
    return {
      call(args) {
        const result = context.callFunction(callIt, context.undefined, found.value, context.newString(args));
        return result.error === undefined ? context.getString(result.value) : undefined;
      },
    };
  };

  try {
    let loaded = load(code);
    if (loaded.call === undefined && !isTimeUp()) {
      const plain = withoutTypes(code);
      if (plain !== undefined && plain !== code) loaded = load(plain);
    }
    if (loaded.call === undefined) return tell(isTimeUp() ? ranOut() : ["broken", loaded.problem]);
    for (const args of calls) {
      const line = loaded.call(JSON.stringify(args));
      tell(line ?? ranOut());
      if (line === undefined) return;
    }
    tell(["done"]);
  } catch {
    // QuickJS itself broke, as it does at the end of the memory or of the thread's stack.
    tell(ranOut());
  }
}

type Loaded =
  | { readonly call: (args: string) => string | undefined; readonly problem?: never }
  | { readonly call?: never; readonly problem: string };

type Found =
  | { readonly value: QuickJSHandle; readonly error?: undefined }
  | { readonly error: QuickJSHandle; readonly value?: undefined };

/** As a script, where that is possible, since answers are seldom written for strict mode; else as a module. */
function findEntry(context: QuickJSContext, source: string, entry: string): Found {
  const script = context.evalCode(source, "answer.js", { type: "global" });
  if (script.error === undefined) {
    const exported = `(typeof module.exports === "function" ? module.exports : module.exports.${entry})`;
    return context.evalCode(`typeof ${entry} === "undefined" ? ${exported} : ${entry}`, "entry.js", { type: "global" });
  }
  if (!/^\s*(?:export|import)\b/m.test(source)) return script;
  const module = context.evalCode(source, "answer.js", { type: "module" });
  if (module.error !== undefined) return module;
  const own = context.getProp(module.value, entry);
  return { value: context.typeof(own) === "undefined" ? context.getProp(module.value, "default") : own };
}

function withoutTypes(code: string): string | undefined {
  try {
    return stripTypeScriptTypes(code);
  } catch {
    return undefined;
  }
}

if (parentPort !== null) {
  const port = parentPort;
  await runJob(workerData as CodeJob, (line) => port.postMessage(line));
}
