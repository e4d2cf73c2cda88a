/** The renderer's program: one file that needs nothing, as a sandboxed preload script must be. */
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";

/** A program in a folder of its own. */
export interface Program {
  path: string;
  remove(): Promise<void>;
}

/** Bundles a source file of this folder, or of the package, as CommonJS. */
export async function bundle(source: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), "conductor-renderer-"));
  await build({
    config: false,
    entry: { program: fileURLToPath(new URL(source, import.meta.url)) },
    outDir: folder,
    format: "cjs",
    platform: "node",
    target: "node20",
    external: ["electron"],
    dts: false,
    logLevel: "silent",
    fixedExtension: true,
  });
  return { path: join(folder, "program.cjs"), remove: () => rm(folder, { recursive: true, force: true }) };
}
