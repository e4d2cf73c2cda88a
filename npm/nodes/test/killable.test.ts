/** User code in a process that goes on, whatever the code does. Built code runs, since processes are started. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";

import { codeOf } from "../src/contract/error.js";
import { overrunning } from "./overrunning.mjs";
import { failure, run } from "./run.js";

const GIB = 1024 ** 3;
/** ms, far beyond what is asked of any process here, and short of what a built-in that is never ended would take. */
const PATIENCE = 30_000;

const mapFailure = (transformFunction: string, parameters: object = {}) =>
  failure("transform", { data: [1] }, { transformFunction, ...parameters });
const HEALTHY = { transformFunction: "(x) => x + 1" };

/** Runs a program that has `run`, `codeOf`, `overrunning` and `say`; gives what it said and how it ended. */
async function inProcess(program: string, env: Record<string, string> = {}) {
  const module = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const text = `
    import { getNodeExecutable } from ${module("../dist/executables.js")};
    import { overrunning } from ${module("./overrunning.mjs")};
    const run = (type, input, parameters) => getNodeExecutable(type).execute({ variables: {}, input, ...parameters });
    const hog = (more) => run("transform", [1], { memoryLimit: ${GIB}, timeout: 60_000,
      transformFunction: overrunning["Array reverse"], ...more }).catch((error) => error.code);
    const say = (...words) => process.stdout.write(words.join(" ") + "\\n");
    process.on("exit", () => say("exit"));
    ${program}`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", text], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: PATIENCE,
    killSignal: "SIGKILL",
  });
  let said = "";
  child.stdout.on("data", (data: Buffer) => (said += data));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { said: said.trim().split("\n"), code, signal };
}

describe("user code in threads", () => {
  it.each(Object.entries(overrunning))("is ended at its deadline in the middle of %s", async (_name, code) => {
    const error = await mapFailure(code, { timeout: 200, memoryLimit: GIB });
    expect(codeOf(error)).toBe("TIMEOUT");
    expect(error.message).toBe("[transform] transformFunction was stopped after 200 ms");
  });

  it("is ended soon after its deadline, as far as the machine ends threads then", async () => {
    // How long the machine takes is seen by a thread that is ended by hand; of a few, the one that it kept up with best.
    const behind: number[] = [];
    for (let i = 0; i < 5; i++) {
      const begun = performance.now();
      const late = mapFailure(overrunning["Array reverse"], { timeout: 200, memoryLimit: GIB }).then(
        () => performance.now() - begun,
      );
      const byHand = new Worker("for (;;);", { eval: true });
      await new Promise((resolve) => setTimeout(resolve, 200));
      await byHand.terminate();
      const possible = performance.now() - begun;
      behind.push((await late) - possible);
    }
    expect(Math.min(...behind)).toBeLessThan(1000);
  });

  it("is stopped at its deadline while the process goes on", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const error = await mapFailure("() => { while (true) {} }", { timeout: 200 });
    clearInterval(timer);
    expect(codeOf(error)).toBe("TIMEOUT");
    expect(error.message).toBe("[transform] transformFunction was stopped after 200 ms");
    expect(turns).toBeGreaterThan(0);
  });

  it("does not keep others from files or from running, however much of it never ends", async () => {
    const look = () => run("file-system", {}, { operation: "exists", path: "/" });
    // The first time the code is loaded, which is not what this is about.
    await look();
    const hogs = Array.from({ length: 8 }, () => mapFailure(overrunning["Array reverse"], { timeout: 200 }));
    let pending = true;
    const all = Promise.all(hogs).finally(() => (pending = false));
    await look();
    expect(pending).toBe(true);
    const healthy = await run("transform", [1], HEALTHY);
    expect(healthy.result).toEqual([2]);
    expect((await all).map(codeOf)).toEqual(hogs.map(() => "TIMEOUT"));
  });

  it("ends when the node's signal fires", async () => {
    const abort = new AbortController();
    const pending = mapFailure("() => { while (true) {} }", { signal: abort.signal, timeout: 60_000 });
    setImmediate(() => abort.abort());
    expect(codeOf(await pending)).toBe("CANCELLED");
  });

  it("is not taken for late when only the thread that waits for it was", async () => {
    const pause = new Int32Array(new SharedArrayBuffer(4));
    const quick = { ...HEALTHY, timeout: 100 };
    await run("transform", [1], quick);
    const running = run("transform", [1, 2], quick);
    // The thread is held once the code is under way, for longer than the code may take.
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resolve) => setImmediate(resolve));
      Atomics.wait(pause, 0, 0, 200);
    }
    expect((await running).result).toEqual([2, 3]);
  });

  it("keeps the thread of a function that threw, of which nothing is there for the next", async () => {
    await mapFailure("() => { globalThis.left = Object.prototype.left = 1; throw new Error('no') }");
    const { result } = await run("transform", [1], { transformFunction: "() => [typeof left, Math.random()]" });
    const again = await run("transform", [1], { transformFunction: "() => [typeof left, Math.random()]" });
    expect(result[0][0]).toBe("undefined");
    expect(result[0][1]).not.toBe(again.result[0][1]);
  });
});

describe("a process with user code that never ends", () => {
  it("ends by itself once its deadline has passed, with one thread for files, which stay within reach", async () => {
    const program = `
      await run("file-system", {}, { operation: "exists", path: "/" });
      const hogs = Promise.all(Array.from({ length: 5 }, () => hog({ timeout: 500 }))).then((codes) => say(...codes));
      await run("file-system", {}, { operation: "exists", path: "/" });
      say("file");
      const { result } = await run("transform", [1], ${JSON.stringify(HEALTHY)});
      say(result);
      await hogs;`;
    const { said, code, signal } = await inProcess(program, { UV_THREADPOOL_SIZE: "1" });
    expect({ code, signal }).toEqual({ code: 0, signal: null });
    expect(said[0]).toBe("file");
    expect(said).toContain("2");
    expect(said).toContain("TIMEOUT TIMEOUT TIMEOUT TIMEOUT TIMEOUT");
  });

  it("ends when it asks to", async () => {
    const program = `
      await run("transform", [1], ${JSON.stringify(HEALTHY)});
      for (let i = 0; i < 3; i++) void hog();
      setImmediate(() => { say("asked"); process.exit(3); });`;
    expect(await inProcess(program)).toEqual({ said: ["asked", "exit"], code: 3, signal: null });
  });

  it("ends by itself once the code is cancelled", async () => {
    const program = `
      const abort = new AbortController();
      const running = hog({ signal: abort.signal });
      await run("transform", [1], ${JSON.stringify(HEALTHY)});
      abort.abort();
      say(await running);`;
    expect(await inProcess(program)).toEqual({ said: ["CANCELLED", "exit"], code: 0, signal: null });
  });

  it("has no thread before it runs any, and one for any number that run after each other", async () => {
    const program = `
      const threads = () => say(process.report.getReport().workers.length);
      threads();
      for (let i = 0; i < 3; i++) await run("transform", [1], ${JSON.stringify(HEALTHY)});
      threads();`;
    expect(await inProcess(program)).toEqual({ said: ["0", "1", "exit"], code: 0, signal: null });
  });
});
