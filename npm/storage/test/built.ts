import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "tsdown";
import { afterAll, beforeAll } from "vitest";

const packageFolder = join(dirname(fileURLToPath(import.meta.url)), "..");

/**
 * The package's entry points as they are published, built before the tests of a file into a folder of their own, which is gone
 * after them. It lies inside of the workspace, so that dependencies are found. Gives the folder, once the tests run.
 */
export function builtPackage(): () => string {
  let folder = "";
  beforeAll(async () => {
    const cache = join(packageFolder, "..", "..", "node_modules", ".cache");
    await mkdir(cache, { recursive: true });
    folder = await mkdtemp(join(cache, "storage-"));
    await build({ cwd: packageFolder, outDir: folder, dts: false, logLevel: "error" });
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return () => folder;
}
