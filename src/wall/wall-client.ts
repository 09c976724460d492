import { request } from "node:http";
import { ClutchError } from "../errors.ts";
import { socketPath } from "./control-server.ts";
import type { WallRules } from "./wall-rules.ts";
import { controlReplySchema, type WallStatus } from "./wall-status.ts";

/**
 * Talks to the wall that runs with a state directory. Each call ends by its
 * deadline; both changes may be repeated. Codes: `server_unreachable` where no wall
 * runs, `deadline`, `unexpected_reply`, and those of `WallFlag`.
 */
export interface WallClient {
  /** Undefined where no wall runs. */
  status(): Promise<WallStatus | undefined>;
  /** Done when nothing but what is named passes, what stood is cut and the state is on the disk. `rules` are in addition to the wall's own. */
  close(id: string, rules?: WallRules): Promise<WallStatus>;
  open(id: string): Promise<WallStatus>;
}

const NOBODY: ReadonlySet<string> = new Set(["ENOENT", "ECONNREFUSED", "ECONNRESET"]);

export function createWallClient({
  directory,
  timeoutMs = 5_000,
}: {
  readonly directory: string;
  readonly timeoutMs?: number;
}): WallClient {
  const call = async (method: "GET" | "POST", path: string, body?: object): Promise<WallStatus | undefined> => {
    const text = await exchange({ path: socketPath(directory), timeoutMs }, method, path, body).catch(
      (error: unknown) => {
        const code = error instanceof Error && "code" in error ? String(error.code) : "";
        if (NOBODY.has(code)) return undefined;
        if (error instanceof ClutchError) throw error;
        throw new ClutchError("server_unreachable", `The wall cannot be asked (${code || "unexpected error"}).`, {
          hint: `Its socket is in ${directory}; it answers only to the user that it runs as.`,
          cause: error,
        });
      },
    );
    if (text === undefined) return undefined;
    const reply = controlReplySchema.safeParse(parse(text));
    if (!reply.success) {
      throw new ClutchError("unexpected_reply", "The wall answers in a way that Clutch does not know.", {
        hint: "It may be of another version: restart it (systemctl --user restart clutch-wall).",
      });
    }
    if ("status" in reply.data) return reply.data.status;
    const { code, message, hint } = reply.data.error;
    throw new ClutchError(code, message, { hint });
  };
  const change = async (path: string, body: object): Promise<WallStatus> => {
    const status = await call("POST", path, body);
    if (status !== undefined) return status;
    throw new ClutchError("server_unreachable", "No wall is running, so nothing was changed.", {
      hint: "Start it with clutch wall run, or as a service with clutch wall install.",
    });
  };
  return {
    status: () => call("GET", "/status"),
    close: (id, rules) => change("/close", rules === undefined ? { id } : { id, rules }),
    open: (id) => change("/open", { id }),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const exchange = (
  to: { readonly path: string; readonly timeoutMs: number },
  method: string,
  path: string,
  body: object | undefined,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    const signal = AbortSignal.timeout(to.timeoutMs);
    const late = (error: unknown): void =>
      reject(
        signal.aborted
          ? new ClutchError("deadline", `The wall did not answer within ${to.timeoutMs / 1000} s.`, {
              hint: "It may be closed or not: look with clutch wall status, and try again.",
            })
          : error,
      );
    const sent = request({ socketPath: to.path, method, path, headers, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
      response.on("error", late);
    });
    sent.on("error", late);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
