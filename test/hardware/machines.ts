import type { FakeSystem } from "./fake-system.ts";

export const GIB = 1024 ** 3;

const meminfo = (totalKb: number, availableKb: number): string =>
  `MemTotal:       ${totalKb} kB\nMemFree:         1000000 kB\nMemAvailable:   ${availableKb} kB\nBuffers:          121172 kB\n`;

const cpuinfo = (name: string, flags = "fpu vme avx2"): string =>
  `processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: ${name}\nflags\t\t: ${flags}\n`;

const amdgpu = (vram: number, gtt: number): Record<string, string> => ({
  "/sys/class/drm/card1/device/vendor": "0x1002\n",
  "/sys/class/drm/card1/device/mem_info_vram_total": `${vram}\n`,
  "/sys/class/drm/card1/device/mem_info_gtt_total": `${gtt}\n`,
  "/sys/class/drm/card1-HDMI-A-1/status": "connected\n",
  "/sys/class/drm/renderD128/dev": "226:128\n",
});

const STRIX_HALO = "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S";

/** GMKtec EVO-X2 with 128 GB, the graphics processor allowed nearly all of it. */
export const evoX2: FakeSystem = {
  node: { processor: STRIX_HALO, cores: 32, totalBytes: 125 * GIB, freeBytes: 90 * GIB },
  files: {
    "/proc/meminfo": meminfo(131_072_000, 123_731_968),
    "/proc/cpuinfo": cpuinfo(STRIX_HALO),
    "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-2.scope\n",
    "/sys/fs/cgroup/user.slice/memory.max": "max\n",
    "/sys/class/dmi/id/sys_vendor": "GMKtec\n",
    "/sys/class/dmi/id/product_name": "NucBox_EVO-X2\n",
    "/sys/class/dmi/id/board_name": "GMKtec\n",
    ...amdgpu(512 * 1024 ** 2, 120 * GIB),
  },
  folders: ["/usr/share/ollama/.ollama/models/blobs"],
  freeBytes: 900e9,
};

/** The same box with 96 GB set aside by the firmware: Linux sees what is left. */
export const evoX2SetAside: FakeSystem = {
  ...evoX2,
  files: { ...evoX2.files, "/proc/meminfo": meminfo(32_000_000, 28_000_000), ...amdgpu(96 * GIB, 15 * GIB) },
};

const HAWK_POINT = "AMD Ryzen 7 8845HS w/ Radeon 780M Graphics";

/** NucBox K8 Plus with 64 GB. */
export const k8Plus: FakeSystem = {
  node: { processor: HAWK_POINT, cores: 16, totalBytes: 60 * GIB, freeBytes: 40 * GIB },
  files: {
    "/proc/meminfo": meminfo(61_000_000, 57_000_000),
    "/proc/cpuinfo": cpuinfo(HAWK_POINT),
    "/proc/self/cgroup": "0::/\n",
    "/sys/class/dmi/id/sys_vendor": "GMKtec\n",
    "/sys/class/dmi/id/product_name": "NucBox K8 Plus\n",
    ...amdgpu(4 * GIB, 29 * GIB),
  },
  folders: ["/home/ann"],
  freeBytes: 400e9,
};

/** A desktop with an RTX 4090 beside a processor without graphics that could run models. */
export const rtx4090: FakeSystem = {
  node: { processor: "13th Gen Intel(R) Core(TM) i9-13900K", cores: 32, totalBytes: 64 * GIB, freeBytes: 50 * GIB },
  files: {
    "/proc/meminfo": meminfo(65_700_000, 54_525_952),
    "/proc/cpuinfo": cpuinfo("13th Gen Intel(R) Core(TM) i9-13900K"),
    "/sys/class/dmi/id/sys_vendor": "To Be Filled By O.E.M.\n",
    "/sys/class/dmi/id/product_name": "System Product Name\n",
    "/sys/class/dmi/id/board_name": "Z790 Taichi\n",
    "/sys/class/drm/card0/device/vendor": "0x10de\n",
  },
  commands: { "nvidia-smi": "NVIDIA GeForce RTX 4090, 24564\n" },
  folders: ["/home/ann/.ollama/models/manifests"],
  freeBytes: 1.2e12,
};

/** A container limited to 8 GiB on a big machine; its own path is not below the mounted root. */
export const container: FakeSystem = {
  node: { processor: "AMD EPYC 7B13", cores: 64, totalBytes: 252 * GIB, freeBytes: 100 * GIB },
  files: {
    "/proc/meminfo": meminfo(264_000_000, 200_000_000),
    "/proc/cpuinfo": cpuinfo("AMD EPYC 7B13", "fpu hypervisor avx2"),
    "/proc/self/cgroup": "0::/docker/3f8a\n",
    "/sys/fs/cgroup/memory.max": `${8 * GIB}\n`,
    "/sys/fs/cgroup/memory.current": `${3 * GIB}\n`,
    "/sys/fs/cgroup/memory.stat": `anon 100\nfile 100\ninactive_file ${GIB}\nactive_file 5\n`,
    "/.dockerenv": "",
  },
  folders: ["/root"],
  freeBytes: 20e9,
};

export const macStudio: FakeSystem = {
  node: { processor: "Apple M2 Max", cores: 12, totalBytes: 64 * GIB, freeBytes: 2 * GIB },
  commands: { sysctl: "0\n" },
  folders: ["/Users/ann/.ollama/models"],
  report: {
    product: "Apple Inc. Mac14,13",
    virtual: false,
    availableBytes: 48 * GIB,
    gpus: [{ vendor: "Apple", model: "Apple M2 Max", vramBytes: undefined }],
  },
  freeBytes: 300e9,
};

/** As captured on a small virtual machine: no firmware names, no graphics, version 1 control groups. */
export const bareVm: FakeSystem = {
  node: { processor: "AMD EPYC", cores: 2, totalBytes: 25_276_510_208, freeBytes: 21_596_661_760 },
  files: {
    "/proc/meminfo":
      "MemTotal:       24684092 kB\nMemFree:        21090464 kB\nMemAvailable:   22861928 kB\nBuffers:          121172 kB\nCached:          1508816 kB\nSwapCached:            0 kB\n",
    "/proc/cpuinfo": cpuinfo("AMD EPYC", "fpu vme de pse tsc msr pae rdrand hypervisor lahf_lm"),
    "/proc/self/cgroup":
      "9:name=systemd:/\n8:pids:/\n7:blkio:/\n6:freezer:/\n5:devices:/\n4:memory:/process_api/590fa0b1\n3:cpuset:/\n2:cpuacct:/\n1:cpu:/\n0::/\n",
    "/sys/fs/cgroup/memory/process_api/590fa0b1/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/process_api/590fa0b1/memory.usage_in_bytes": "12423168\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
  },
  folders: ["/root"],
  freeBytes: 82e9,
};
