import type { Machine } from "../models/machine.ts";

const GIB = 1024 ** 3;

/** A machine in a phrase: “GMKtec EVO-X2, AMD Ryzen AI Max+ 395 (32 cores), 128 GiB, Radeon 8060S”. */
export function machineWords({ product, processor, memory, gpus, virtual }: Machine): string {
  return [
    ...(product === undefined ? [] : [product]),
    `${processor.name} (${processor.cores} cores)`,
    `${Math.round((memory.limitBytes ?? memory.totalBytes) / GIB)} GiB of memory`,
    ...gpus.map(({ name }) => name),
    ...(virtual ? ["a virtual machine"] : []),
  ].join(", ");
}
