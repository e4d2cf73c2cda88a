/** One flow in a real Electron, where there is one: `ELECTRON_BINARY`, or what the `electron` package has downloaded. */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { bundle } from "./process/program.js";

const binary = findElectron();
const name = "a sandboxed page runs a flow in a real Electron";

it.skipIf(binary === undefined)(
  binary === undefined ? `${name} (skipped: no Electron binary; set ELECTRON_BINARY)` : name,
  async () => {
    const preload = await bundle("../../../src/exports/preload-script.ts");
    try {
      const page = join(dirname(preload.path), "page.html");
      writeFileSync(page, "<!doctype html><title>Smoke test</title>");
      const main = fileURLToPath(new URL("./electron/main.mjs", import.meta.url));
      const options = ["--no-sandbox", "--disable-gpu", "--headless", main, preload.path, page];
      const { stdout } = await promisify(execFile)(binary as string, options, { timeout: 600_000 });
      const line = stdout.split("\n").find((text) => text.startsWith("{")) ?? "";
      expect(JSON.parse(line)).toEqual({
        success: true,
        events: ["started exec_smoke", "completed exec_smoke"],
        exposed: ["__bridge__"],
        node: "undefined",
      });
    } finally {
      await preload.remove();
    }
  },
  90_000,
);

function findElectron(): string | undefined {
  const given = process.env.ELECTRON_BINARY;
  if (given !== undefined && given !== "") return given;
  // To require the package would begin a download where there is no binary.
  const folder = dirname(createRequire(import.meta.url).resolve("electron/package.json"));
  const note = join(folder, "path.txt");
  if (!existsSync(note)) return undefined;
  const path = join(folder, "dist", readFileSync(note, "utf8").trim());
  return existsSync(path) ? path : undefined;
}
