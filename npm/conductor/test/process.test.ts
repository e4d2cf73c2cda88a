/** The built package in processes and threads of its own. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";

const dist = (file: string) => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));
const MODULE = JSON.stringify(new URL("../dist/index.js", import.meta.url).href);
const COMMON = JSON.stringify(dist("index.cjs"));

const CHAIN = `({ id: "root", type: "group",
  nodes: [{ id: "a", type: "t" }, { id: "b", type: "t" }], edges: [{ source: "a", target: "b" }] })`;

/** What a program prints, as JSON. It has to end by itself. */
async function printed(program: string): Promise<unknown> {
  const given = ["--input-type=module", "--unhandled-rejections=strict", "-e", program];
  const { stdout } = await promisify(execFile)(process.execPath, given, { timeout: 600_000 });
  return JSON.parse(stdout);
}

/** The first message of a worker thread that runs a program. */
function firstMessage(worker: Worker): Promise<unknown> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}

const started = (program: string) =>
  new Worker(`import("node:worker_threads").then(async ({ parentPort }) => { ${program} })`, { eval: true });

describe("a process", () => {
  it("goes on when listeners of a node's signal throw, at a cancellation and at a deadline", async () => {
    const program = `
      import { createConductor } from ${MODULE};
      const reported = [];
      console.error = (message, error) => reported.push([message, String(error)]);
      const execute = ({ signal }) => new Promise(() => {
        signal.addEventListener("abort", () => { throw new Error("function") });
        signal.addEventListener("abort", { handleEvent() { throw new Error("object") } }, { once: true });
        signal.addEventListener("abort", async () => { throw new Error("promise") });
        signal.onabort = () => { throw new Error("onabort") };
      });
      const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } });
      const run = conductor.node.run({ id: "n", type: "t" }, { executionId: "run" });
      await new Promise(setImmediate);
      await conductor.node.cancel("run");
      const late = createConductor({ timeout: 20, nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } });
      const codes = [(await run).error.code, (await late.node.run({ id: "n", type: "t" })).error.code];
      await new Promise(setImmediate);
      console.log(JSON.stringify({ codes, reported }));`;
    const { codes, reported } = (await printed(program)) as { codes: string[]; reported: string[][] };
    expect(codes).toEqual(["CANCELLED", "TIMEOUT"]);
    const message = 'A listener of the signal of node "n" threw; the execution goes on';
    const each = ["function", "object", "onabort", "promise"].map((thrown) => [message, `Error: ${thrown}`]);
    expect(reported.sort()).toEqual([...each, ...each].sort());
  });

  it.each([
    ["succeeded", "execute: () => 1", "{}", ""],
    ["failed", "execute: () => { throw new Error('x') }", "{}", ""],
    ["ran out of time with a node that hangs", "execute: () => new Promise(() => {})", "{ timeout: 20 }", ""],
    [
      "was cancelled far from its deadline",
      "execute: () => new Promise(() => {})",
      "{ timeout: 600000 }",
      "await conductor.node.cancel('run');",
    ],
    [
      "was watched, with a deadline far off",
      "execute: async () => 1",
      "{ timeout: 600000 }",
      "conductor.node.store.subscribe(() => {}); conductor.events.onProgress(() => {});",
    ],
  ])("ends by itself after a run that %s", async (_, executable, config, then) => {
    const program = `
      import { createConductor } from ${MODULE};
      const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ ${executable} }) }, ...${config} });
      const run = conductor.node.run(${CHAIN}, { executionId: "run" });
      ${then}
      const { success } = await run;
      console.log(JSON.stringify(typeof success));`;
    expect(await printed(program)).toBe("boolean");
  });

  it("can load the package both ways, and run flows of one within those of the other", async () => {
    const program = `
      import { createRequire } from "node:module";
      import * as esm from ${MODULE};
      const cjs = createRequire(import.meta.url)(${COMMON});
      const factory = (execute) => ({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute }) } });
      const inner = cjs.createConductor(factory(({ nodeId }) => "cjs " + nodeId));
      const outer = esm.createConductor(factory(async () => (await inner.node.run(${CHAIN})).data));
      const results = await Promise.all([outer.node.run(${CHAIN}), inner.node.run(${CHAIN}), outer.node.run(${CHAIN})]);
      console.log(JSON.stringify(results.map(({ data }) => data)));`;
    expect(await printed(program)).toEqual(["cjs b", "cjs b", "cjs b"]);
  });
});

describe("an import of the package", () => {
  it.each(["index.js", "index.cjs", "desktop.js", "node.js", "types.js"])("warns of nothing: %s", async (file) => {
    const program = `
      const warned = [];
      process.on("warning", ({ message }) => warned.push(message));
      await import(${JSON.stringify(new URL(`../dist/${file}`, import.meta.url).href)});
      await new Promise((resolve) => setImmediate(resolve));
      console.log(JSON.stringify(warned));`;
    expect(await printed(program)).toEqual([]);
  });
});

describe("a worker thread", () => {
  const load = `const { createConductor } = await import(${MODULE});`;

  it("runs flows of its own, several at a time", async () => {
    const workers = Array.from({ length: 3 }, () =>
      started(`${load}
        const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: async ({ nodeId }) => nodeId }) } });
        const results = await Promise.all(Array.from({ length: 50 }, () => conductor.node.run(${CHAIN})));
        parentPort.postMessage(results.every(({ data }) => data === "b"));`),
    );
    expect(await Promise.all(workers.map(firstMessage))).toEqual([true, true, true]);
    await Promise.all(workers.map((worker) => worker.terminate()));
  });

  it("can be terminated in the middle of runs, again and again, and hurts nobody", async () => {
    for (let round = 0; round < 5; round++) {
      const worker = started(`${load}
        let calls = 0;
        const conductor = createConductor({ concurrency: 4, nodeExecutorFactory: { getNodeExecutable: () => ({ execute: async () => {
          if (++calls === 200) parentPort.postMessage("busy");
          await new Promise((resolve) => setImmediate(resolve));
        } }) } });
        const again = async () => { for (;;) await conductor.node.run(${CHAIN}, { slowMo: 0 }); };
        for (let i = 0; i < 50; i++) void again();
        void conductor.node.run({ id: "spin", type: "t" }, { slowMo: 1 });`);
      expect(await firstMessage(worker)).toBe("busy");
      await worker.terminate();
    }
    const { createConductor } = (await import(dist("index.js"))) as typeof import("../src/exports/index");
    const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => ({ execute: () => 1 }) } });
    expect(await conductor.node.run({ id: "a", type: "t" })).toMatchObject({ success: true, data: 1 });
  });
});
