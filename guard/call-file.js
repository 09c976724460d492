import { randomUUID } from "node:crypto";
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** @import { ModelCall } from "./types.js" */

/**
 * What the file holds: a head, then a line for each step of a call, the last of
 * which counts.
 * @typedef {object} CallRecord
 * @property {string} log Names the record: another one where it was begun anew.
 * @property {number} since From when on it is complete, epoch ms.
 * @property {ModelCall[]} calls In the order in which they began.
 */

/** Of each of the two files that there are at most. */
const MOST_BYTES = 2_000_000;

/**
 * Calls of models on the disk, added line by line. What is full makes room: it
 * takes the place of the one before it. Nothing here throws: where the disk
 * fails, what is in memory is all there is.
 * @param {{ path: string, clock: () => number, mostBytes?: number }} parts `clock` gives epoch ms.
 */
export function createCallFile({ path, clock, mostBytes = MOST_BYTES }) {
  const former = `${path}.old`;
  /** @type {number | undefined} */
  let file;
  let bytes = 0;
  let head = { log: "", since: 0 };

  const close = () => {
    if (file !== undefined) closeSync(file);
    file = undefined;
  };

  const open = () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const opened = openSync(path, "a", 0o600);
    file = opened;
    bytes = fstatSync(opened).size;
    // A process that died may have left half a line.
    if (bytes > 0) bytes += writeSync(opened, "\n");
    else bytes = writeSync(opened, line(head));
    return opened;
  };

  return {
    /** What was written before, by whichever process. @returns {CallRecord} */
    read() {
      /** @type {Map<string, ModelCall>} */
      const calls = new Map();
      for (const text of [...linesOf(former), ...linesOf(path)]) {
        try {
          const entry = JSON.parse(text);
          if (typeof entry.log === "string") head = { log: entry.log, since: entry.since };
          else if (typeof entry.key === "string") calls.set(entry.key, entry);
        } catch {
          // Cut off by a crash.
        }
      }
      if (head.log === "") head = { log: randomUUID(), since: clock() };
      return { ...head, calls: [...calls.values()] };
    },

    /** @param {ModelCall} call @param {() => Iterable<ModelCall>} unfinished Calls that a new file has to begin with. */
    append(call, unfinished) {
      try {
        let target = file ?? open();
        if (bytes > mostBytes) {
          close();
          renameSync(path, former);
          target = open();
          for (const each of unfinished()) bytes += writeSync(target, line(each));
        }
        bytes += writeSync(target, line(call));
      } catch {
        try {
          close();
        } catch {
          file = undefined;
        }
      }
    },

    close,
  };
}

/** @param {object} value */
const line = (value) => `${JSON.stringify(value)}\n`;

/** @param {string} path */
function linesOf(path) {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}
