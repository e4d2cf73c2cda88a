import { describe, expect, it } from "vitest";

import { createPageSandbox } from "../src/browser/page-sandbox.js";
import { quickJs } from "../src/browser.js";
import { codeOf } from "../src/contract/error.js";
import { PATIENCE, places, type TestedPlace } from "./run.js";

const mapIn = (place: TestedPlace | undefined) => ({
  map: (transformFunction: string, parameters: Record<string, unknown> = {}) =>
    (place as TestedPlace).run("transform", { data: [1] }, { transformFunction, ...parameters }),
  mapFailure: (transformFunction: string, parameters: Record<string, unknown> = {}) =>
    (place as TestedPlace).failure("transform", { data: [1] }, { transformFunction, ...parameters }),
});

describe("user code on the main thread", () => {
  const { mapFailure } = mapIn(places[1]);

  it("is stopped at its deadline", async () => {
    const error = await mapFailure("() => { while (true) {} }", { timeout: 200 });
    expect(codeOf(error)).toBe("TIMEOUT");
    expect(error.message).toBe("[transform] transformFunction was stopped after 200 ms");
  });

  it("ends between two batches when the node's signal fires", async () => {
    const abort = new AbortController();
    function* batches() {
      yield { text: "[1]", count: 1 };
      // Other work gets its turn before the next step.
      setImmediate(() => abort.abort());
      yield { text: "[2]", count: 1 };
    }
    const source = { name: "f", code: "(x) => x", tag: "@", timeoutMs: 600_000, memoryBytes: 16 * 1024 * 1024 };
    const work = { kind: "map" as const, named: false, whole: false };
    const answers: unknown[] = [];
    const sandbox = createPageSandbox(quickJs);
    const running = sandbox.runOverItems(source, work, batches(), (answer) => answers.push(answer), abort.signal);
    await expect(running).rejects.toMatchObject({ code: "CANCELLED", message: "f was cancelled" });
    expect(answers).not.toContainEqual({ text: "[2]", count: 1 });
  });

  it("ends where its recursion leaves the browser no stack", async () => {
    const deep = "() => JSON.parse('['.repeat(1e6))";
    expect((await mapFailure(deep)).message).toBe(
      "[transform] transformFunction failed: RangeError: Maximum call stack size exceeded",
    );
    const caught = "() => { const f = () => f() + 1; try { f() } catch (e) { return e.name } }";
    expect((await mapIn(places[1]).map(caught)).result).toEqual(["RangeError"]);
  });
});

describe.each(places)("user code in $name", (place) => {
  const { map, mapFailure } = mapIn(place);

  it("is held to its memory", async () => {
    const hog = "() => { const kept = []; while (true) kept.push(new Array(1000).fill(kept.length)) }";
    const error = await mapFailure(hog, { memoryLimit: 8 * 1024 * 1024, timeout: PATIENCE });
    expect(codeOf(error)).toBe("MEMORY_LIMIT_EXCEEDED");
    expect(error.message).toContain("8 MiB");
    expect(codeOf(await mapFailure(hog, { timeout: PATIENCE }))).toBe("MEMORY_LIMIT_EXCEEDED");
  });

  it("has nothing but the language", async () => {
    const names = [
      "process",
      "require",
      "fetch",
      "setTimeout",
      "console",
      "Buffer",
      "WebAssembly",
      "os",
      "std",
      "navigator",
      "self",
      "window",
      "postMessage",
      "importScripts",
    ];
    const { result } = await map(`() => ${JSON.stringify(names)}.filter((name) => name in globalThis)`);
    expect(result).toEqual([[]]);
  });

  it("finds no way out", async () => {
    const attempts = [
      "x => x.constructor.constructor('return typeof process')()",
      "x => [].filter['const' + 'ructor']('return typeof process')()",
      "() => (function () { return typeof this.process })()",
      "() => typeof Function('return this')().require",
      "() => typeof (async () => {}).constructor('return this')().require",
      "() => typeof (0, eval)('this').fetch",
      "() => { try { null.f() } catch (e) { return e.constructor.constructor('return typeof process')() } }",
      "() => { let e; Error.prepareStackTrace = (_, s) => s; return typeof new Proxy({}, {}).process }",
    ];
    for (const attempt of attempts) expect((await map(attempt)).result, attempt).toEqual(["undefined"]);
    for (const attempt of ["() => import('node:fs')", "async () => 1"]) {
      expect(["TYPE_MISMATCH", "EXECUTION_FAILED"]).toContain(codeOf(await mapFailure(attempt)));
    }
    expect(codeOf(await mapFailure("import fs from 'fs'; x => x"))).toBe("INVALID_PARAMETERS");
  });

  it("cannot carry anything over to the next run, nor pollute this realm", async () => {
    await map(
      "() => { globalThis.left = 1; Object.prototype.left = 1; Array.prototype.map = null; return { ['__proto__']: { left: 1 } } }",
    );
    expect((await map("() => typeof left")).result).toEqual(["undefined"]);
    expect(({} as { left?: number }).left).toBeUndefined();
  });

  it("can break only its own answers", async () => {
    await mapFailure("() => { throw { toString() { while (true) {} } } }", { timeout: 100 });
    const liar = "() => { JSON.stringify = () => '[1,2,3]'; Array.isArray = () => true; return 'own' }";
    expect((await map(liar)).result).toEqual(["own"]);
    expect(
      codeOf(await mapFailure("() => { throw Object.defineProperty(new Error(), 'message', { get() { throw 1 } }) }")),
    ).not.toBe("");
  });

  it("tells the user's error with line and item, and no other data", async () => {
    const data = [{ ok: { deep: 1 } }, { secret: "hunter2" }];
    const error = await place.failure(
      "transform",
      { data },
      { transformFunction: "item => {\n  return item.ok.deep;\n}" },
    );
    expect(codeOf(error)).toBe("EXECUTION_FAILED");
    expect(error.message).toMatch(/^\[transform\] transformFunction failed at item 1, line 2: TypeError: /);
    expect(error.message).not.toContain("hunter2");
    const own = await mapFailure("x => { throw new RangeError('too far: ' + x) }");
    expect(own.message).toBe("[transform] transformFunction failed at item 0, line 1: RangeError: too far: 1");
    expect(codeOf(await mapFailure("x => x +"))).toBe("INVALID_PARAMETERS");
    expect(codeOf(await mapFailure("function f() { return f() + 1 }"))).toBe("EXECUTION_FAILED");
  });

  it("works through 100,000 items", async () => {
    const data = Array.from({ length: 100_000 }, (_item, i) => ({ i, text: `item ${i}` }));
    const { result } = await place.run(
      "transform",
      { data },
      { operation: "filter", transformFunction: "(x, i) => x.i === i && i % 2", timeout: PATIENCE },
    );
    expect(result.length).toBe(50_000);
    expect(result[49_999]).toBe(data[99_999]);
  });
});
