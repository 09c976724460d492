import { setFlagsFromString } from "node:v8";

/**
 * Clutch waits most of its time and shares the machine with models that need its
 * memory: of 210 MB resident this leaves 140, since V8 otherwise keeps room for the
 * garbage of a busy server. To be imported before anything large.
 */
setFlagsFromString("--optimize-for-size");
setFlagsFromString("--semi-space-growth-factor=1");
