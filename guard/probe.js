import { execFile } from "node:child_process";

/**
 * Tries to get out, so that Clutch can see who holds it. Only names and
 * addresses that lead nowhere are tried: `.invalid` is never given to anybody
 * (RFC 6761), and 192.0.2.0/24 is for documentation (RFC 5737).
 */

const PATIENCE_MS = 5_000;

/** @param {unknown} url */
function checked(url) {
  const parsed = typeof url === "string" ? URL.parse(url) : null;
  if (parsed === null || !parsed.hostname.endsWith(".invalid")) throw new TypeError("only .invalid names are tried");
  return parsed.href;
}

/** From this process, as OpenClaw's own calls go. @param {unknown} url */
export async function fetchFromHere(url) {
  try {
    const response = await fetch(checked(url), { signal: AbortSignal.timeout(PATIENCE_MS), redirect: "manual" });
    await response.body?.cancel();
    return { status: response.status };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

const CHILD =
  "fetch(process.argv[1]).then(({status})=>console.log(status),(error)=>console.log(String(error.cause??error)))";

/** From a child that goes by the proxy of its environment, as most programs do. @param {unknown} url */
export function fetchFromChild(url) {
  const env = { ...process.env, NODE_USE_ENV_PROXY: "1", NODE_OPTIONS: "" };
  return run(["-e", CHILD, checked(url)], env);
}

const STUBBORN =
  'const s=require("node:net").connect({host:process.argv[1],port:443});const e=(x)=>{console.log(x);process.exit()};' +
  's.on("connect",()=>e("connected"));s.on("error",({code})=>e(code));setTimeout(()=>e("no answer"),1500)';

/**
 * From a child that ignores every proxy: refused at once where a firewall holds
 * it, no answer where the packet left.
 */
export const connectFromChild = () => run(["-e", STUBBORN, "192.0.2.1"], { ...process.env, NODE_OPTIONS: "" });

/** @param {readonly string[]} words @param {NodeJS.ProcessEnv} env @returns {Promise<{ said: string }>} */
const run = (words, env) =>
  new Promise((resolve) => {
    execFile(process.execPath, [...words], { env, timeout: PATIENCE_MS }, (error, stdout) => {
      resolve({ said: stdout.trim().slice(0, 200) || messageOf(error) });
    });
  });

/** @param {unknown} error */
const messageOf = (error) =>
  error instanceof Error ? String(error.cause instanceof Error ? error.cause.message : error.message) : String(error);
