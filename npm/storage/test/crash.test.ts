import { spawn } from "node:child_process";
import { cp, readFile, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

import { createFileSystemEngine } from "../src/exports/desktop.js";
import { builtPackage } from "./built.js";
import { filesBelow, temporaryFolder } from "./folder.js";

const child = join(dirname(fileURLToPath(import.meta.url)), "crash-child.mjs");
const OLD = `# kept\nid: old # mine\ntext: ${"o".repeat(3000)}\n`;

const built = builtPackage();

function run(folder: string, step: number): Promise<{ signal: string | null; output: string }> {
  return new Promise((resolve, reject) => {
    const started = spawn(process.execPath, [child, built(), folder, String(step)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    started.stdout.on("data", (chunk) => {
      output += String(chunk);
    });
    started.on("error", reject);
    started.on("close", (_, signal) => resolve({ signal, output }));
  });
}

describe.each([true, false])("a process killed while it saves (over a flow: %s)", (exists) => {
  it("leaves the old flow or the new one, whole, at every step", { timeout: 600_000 }, async () => {
    const template = await temporaryFolder();
    const before = createFileSystemEngine({ baseDir: template });
    await before.save("other", { id: "other" });
    if (exists) {
      await before.save("team/f", {});
      await writeFile(join(template, "team", "f.composite.yaml"), OLD);
    }
    const whole = await temporaryFolder();
    await cp(template, whole, { recursive: true });
    const { signal, output } = await run(whole, 0);
    expect(signal).toBeNull();
    const steps = Number(output);
    expect(steps).toBeGreaterThan(30);
    const saved = await readFile(join(whole, "team", "f.composite.yaml"), "utf8");

    const found = new Set<string>();
    const killed = async (step: number) => {
      const folder = await temporaryFolder();
      await cp(template, folder, { recursive: true });
      expect((await run(folder, step)).signal, `step ${step}`).toBe("SIGKILL");
      const engine = createFileSystemEngine({ baseDir: folder });
      const text = await readFile(join(folder, "team", "f.composite.yaml"), "utf8").catch(() => undefined);
      expect([exists ? OLD : undefined, saved], `step ${step}`).toContain(text);
      found.add(text === saved ? "new" : "old");

      expect(await engine.problems(), `step ${step}`).toEqual([]);
      const keys = (await engine.list()).map(({ key }) => key).sort();
      expect(keys, `step ${step}`).toEqual(text === undefined ? ["other"] : ["other", "team/f"]);
      for (const file of (await filesBelow(folder)).filter((name) => name.endsWith(".tmp"))) {
        found.add("leftover");
        const yesterday = Date.now() / 1000 - 86_400;
        await utimes(join(folder, file), yesterday, yesterday);
      }
      await engine.save("team/f", { id: "after" });
      expect(await engine.load("team/f")).toEqual({ id: "after" });
      expect(await filesBelow(folder), `step ${step}`).toEqual(["other.composite.yaml", "team/f.composite.yaml"]);
    };
    const all = Array.from({ length: steps }, (_, index) => index + 1);
    const worker = async () => {
      for (let step = all.shift(); step !== undefined; step = all.shift()) await killed(step);
    };
    await Promise.all([worker(), worker()]);
    expect([...found].sort()).toEqual(["leftover", "new", "old"]);
  });
});
