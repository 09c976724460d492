/** How to get Ollama on this system, a line a step. `release` is the kernel's version text. */
export function installAdvice(platform: string, release: string): readonly string[] {
  const after = "Then run `clutch models setup` again.";
  if (platform === "darwin") {
    return ["macOS: install the app from https://ollama.com/download, or `brew install ollama`, and start it.", after];
  }
  if (platform === "win32") {
    return ["Windows: run the installer from https://ollama.com/download; it needs no administrator.", after];
  }
  const script =
    "Linux: curl -fsSL https://ollama.com/install.sh | sh (as root, or it asks for sudo; it sets up a system service).";
  if (!/microsoft|wsl/i.test(release)) return [script, after];
  return [
    `WSL2: as on ${script}`,
    "An Ollama of the Windows side answers here as well where WSL's networking is mirrored; elsewhere name its address as servers.ollama.baseUrl.",
    after,
  ];
}
