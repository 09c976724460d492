import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { saveFile } from "../../../adapters/terminal/save-file.ts";
import type { Card } from "../../../commands/card.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "clutch-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

const card: Card = {
  tone: "success",
  title: "Exported",
  body: ["first"],
  file: { name: "usage.csv", mediaType: "text/csv", text: "a,b\r\n" },
};

it("writes beside what is there, never over it, and says where", async () => {
  await writeFile(join(folder, "usage.csv"), "precious");
  const first = await saveFile(card, folder);
  expect(first).toEqual({ tone: "success", title: "Exported", body: ["first", `Written to ${folder}/usage-2.csv`] });
  await saveFile(card, folder);
  expect((await readdir(folder)).sort()).toEqual(["usage-2.csv", "usage-3.csv", "usage.csv"]);
  expect(await readFile(join(folder, "usage.csv"), "utf8")).toBe("precious");
  expect(await readFile(join(folder, "usage-3.csv"), "utf8")).toBe("a,b\r\n");
  expect((await stat(join(folder, "usage-3.csv"))).mode & 0o077).toBe(0);
});

it("stays in the folder, whatever the name", async () => {
  const file = { name: "../../etc/usage.csv", mediaType: "text/csv", text: "" };
  expect((await saveFile({ ...card, file }, folder)).body).toContain(`Written to ${folder}/usage.csv`);
});

it("tells what cannot be written", async () => {
  const told = await saveFile(card, join(folder, "nowhere"));
  expect(told).toMatchObject({ tone: "error", title: "Exported" });
  expect(told.body?.at(-1)).toBe(`usage.csv could not be written into ${folder}/nowhere (ENOENT).`);
});

it("leaves a card without a file as it is", async () => {
  const plain: Card = { tone: "info", title: "t" };
  expect(await saveFile(plain, folder)).toBe(plain);
});
