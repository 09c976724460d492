/** Something typed that takes time: a command, or a message and its reply. */
interface Job {
  readonly kind: "command" | "message";
  /** As typed. */
  readonly text: string;
  /** Must not reject. */
  run(signal: AbortSignal): Promise<void>;
}

interface JobQueue {
  add(job: Job): void;
  /** Aborts the command that is running, else the reply; undefined where neither is left to abort. */
  interrupt(): Job["kind"] | undefined;
  /** Forgets what has not begun; gives how many jobs that was. */
  drop(): number;
  abortAll(): void;
  /** Resolves once everything that was added is over. */
  idle(): Promise<void>;
  readonly busy: boolean;
}

/**
 * Commands run at once, one after the other, also while a reply is coming.
 * Messages wait for the reply before them and for the commands typed before
 * them, so that `/model x` decides who answers the next line.
 */
export function createJobQueue(onWaiting: (texts: readonly string[]) => void): JobQueue {
  interface Entry {
    readonly job: Job;
    readonly abort: AbortController;
    started: boolean;
  }
  let entries: Entry[] = [];
  const idlers: (() => void)[] = [];

  const mayStart = (entry: Entry): boolean =>
    entries.slice(0, entries.indexOf(entry)).every(({ job }) => entry.job.kind === "command" && job.kind === "message");

  const pump = (): void => {
    const ready = entries.filter((entry) => !entry.started && mayStart(entry));
    for (const entry of ready) {
      entry.started = true;
      entry.job.run(entry.abort.signal).then(() => {
        entries = entries.filter((other) => other !== entry);
        pump();
      });
    }
    onWaiting(entries.filter(({ started }) => !started).map(({ job }) => job.text));
    if (entries.length > 0) return;
    for (const resolve of idlers.splice(0)) resolve();
  };

  return {
    add(job) {
      entries.push({ job, abort: new AbortController(), started: false });
      pump();
    },
    interrupt() {
      const running = entries.filter(({ started, abort }) => started && !abort.signal.aborted);
      const entry = running.find(({ job }) => job.kind === "command") ?? running[0];
      entry?.abort.abort();
      return entry?.job.kind;
    },
    drop() {
      const kept = entries.filter(({ started }) => started);
      const dropped = entries.length - kept.length;
      entries = kept;
      pump();
      return dropped;
    },
    abortAll() {
      for (const { abort } of entries) abort.abort();
    },
    idle: () =>
      new Promise((resolve) => {
        idlers.push(resolve);
        if (entries.length === 0) pump();
      }),
    get busy() {
      return entries.length > 0;
    },
  };
}
