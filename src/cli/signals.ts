import type { Runtime } from "./runtime.ts";

const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * What a signal does to this process. The first one aborts `signal`, so that a command
 * comes to its end; a second one does not wait for anybody. After `letGo`, and in any case
 * once the process is on its way out, every signal does what the system does with it: no
 * code of this process has to run for it, which may hang.
 */
export function listenForSignals(): Required<Pick<Runtime, "signal" | "onHangup">> & { letGo(): void } {
  const interrupted = new AbortController();
  const letGo = (): void => {
    for (const signal of ENDING) process.removeAllListeners(signal);
  };
  const interrupt = (signal: NodeJS.Signals): void => {
    if (interrupted.signal.aborted) {
      letGo();
      process.kill(process.pid, signal);
      // The system spares the first process of a container.
      process.exit(130);
    }
    interrupted.abort();
  };
  let onHangup: (signal: NodeJS.Signals) => void = interrupt;
  // What is to stop reads no configuration any more.
  const hangup = (signal: NodeJS.Signals): void => (interrupted.signal.aborted ? interrupt(signal) : onHangup(signal));
  for (const signal of ENDING) process.on(signal, signal === "SIGHUP" ? hangup : interrupt);
  process.prependListener("exit", letGo);
  return {
    signal: interrupted.signal,
    onHangup(listener) {
      onHangup = listener;
    },
    letGo,
  };
}
