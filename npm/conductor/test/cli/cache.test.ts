/** Outputs that `conductor run` takes again, and `conductor cache`. */
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";

import { conductor, file, folder, ROOT } from "./cli.js";

const here = folder();
const storage = pathToFileURL(`${ROOT}npm/storage/dist/index.js`).href;

const flow = file(
  here,
  "flow.yaml",
  `
id: f
type: group
nodes:
  - { id: digest, type: crypto, parameters: { operation: hash, data: text } }
  - id: each
    type: loop
    parameters: { array: [1, 2, 3] }
    nodes:
      - { id: one, type: template, parameters: { template: "{{ item }}" } }
edges: [{ source: digest, target: each }]
`,
);

/** A cache in a file, as an application may write one. */
const config = file(
  here,
  "conductor.config.mjs",
  `
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createMemoryExecutions } from ${JSON.stringify(storage)};
const path = ${JSON.stringify(`${here}/cache.json`)};
const read = () => (existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {});
const write = (all) => writeFileSync(path, JSON.stringify(all));
const cache = {
  async find(key) {
    const entry = read()[key];
    return entry && { ...entry, output: Buffer.from(entry.output, "base64") };
  },
  async keep(entries) {
    const all = read();
    for (const entry of entries) all[entry.key] = { ...entry, output: Buffer.from(entry.output).toString("base64") };
    write(all);
  },
  async figures() {
    const all = Object.values(read());
    return { entries: all.length, bytes: all.reduce((sum, { output }) => sum + Buffer.from(output, "base64").length, 0), hits: 0 };
  },
  async clear({ nodeType } = {}) {
    const all = read();
    const gone = Object.values(all).filter((entry) => nodeType === undefined || entry.nodeType === nodeType);
    for (const { key } of gone) delete all[key];
    write(all);
    return gone.length;
  },
};
export default { store: Object.assign(createMemoryExecutions(), { cache }) };
`,
);

const run = (...more: string[]) => conductor("run", flow, "--config", config, ...more);

describe("conductor run --cache", () => {
  beforeAll(async () => {
    const { code, stdout } = await run("--cache");
    expect(code).toBe(0);
    expect(stdout).not.toContain("cache");
  });

  it("takes outputs of nodes without effects again, and says which and how many", async () => {
    const { code, stdout } = await run("--cache");
    expect(code).toBe(0);
    expect(stdout).toMatch(/completed {2}digest in .*, from the cache/);
    expect(stdout).toMatch(/2 nodes run, 0 skipped, 0 failed, 4 outputs from the cache/);
  });

  it("takes none where nothing says so, nor with --no-cache", async () => {
    for (const options of [[], ["--no-cache"]]) {
      const { code, stdout } = await run(...options);
      expect(code).toBe(0);
      expect(stdout).not.toContain("cache");
    }
  });

  it("is counted and cleared by `conductor cache`", async () => {
    const stats = async () => JSON.parse((await conductor("cache", "stats", "--json", "--config", config)).stdout);
    expect(await stats()).toEqual({ store: "memory", entries: 4, bytes: expect.any(Number) });
    const text = (await conductor("cache", "stats", "--config", config)).stdout;
    expect(text).toMatch(/^outputs +4\nbytes +\d+\n$/);
    const clear = (...more: string[]) => conductor("cache", "clear", "--config", config, ...more);
    expect((await clear("--type", "crypto")).stdout).toBe("1 output cleared\n");
    expect((await stats()).entries).toBe(3);
    expect((await clear()).stdout).toBe("3 outputs cleared\n");
    expect((await stats()).entries).toBe(0);
  });
});

describe("conductor cache", () => {
  it("needs a store that keeps outputs", async () => {
    const none = await conductor("cache", "stats", "--no-config");
    expect(none).toMatchObject({ code: 2, stderr: expect.stringContaining("Name the store") });
    const missing = await conductor("cache", "clear", "--store", `sqlite:${here}/none.db`);
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("There is no database") });
    const without = file(
      here,
      "without.mjs",
      `import { createMemoryExecutions } from ${JSON.stringify(storage)};
       export default { store: Object.assign(createMemoryExecutions(), { cache: undefined }) };`,
    );
    const keepsNone = await conductor("cache", "stats", "--config", without);
    expect(keepsNone).toMatchObject({ code: 2, stderr: "memory keeps no outputs of nodes\n" });
  });

  it("refuses a setting that there is not", async () => {
    const odd = file(here, "odd.mjs", 'export default { cache: { nodes: "all" } };');
    const { code, stderr } = await conductor("run", flow, "--config", odd);
    expect(code).toBe(2);
    expect(stderr).toMatch(/`cache` in .* must be true, false/);
  });
});
