import { describe, expect, it } from "vitest";
import { pageNetwork } from "../src/browser/network.js";
import * as browser from "../src/browser.js";
import { machineTypesIn, nodeTypes } from "../src/definitions.js";
import * as node from "../src/index.js";
import { places, type TestedPlace } from "./run.js";

const page = places[1] as TestedPlace;

describe("the library in a page", () => {
  it("offers what the library in Node offers", () => {
    const { executablesWith: _, quickJs: __, typeScript: ___, ...others } = browser;
    expect(Object.keys(others).sort()).toEqual(Object.keys(node).sort());
    for (const type of node.nodeExecutableRegistry.keys()) expect(browser.getNodeExecutable(type), type).toBeDefined();
    expect(browser.getNodeExecutable("nonsense")).toBeUndefined();
    expect(browser.nodes["constructor"]).toBeUndefined();
  });

  it.each([...nodeTypes.keys()])("says which node needs a machine, and where it can run: %s", async (type) => {
    const failed = await page.run(type, {}, { nodeId: "read-it" }).then(
      () => undefined,
      ({ code, message }: { code: string; message: string }) => ({ code, message }),
    );
    if (machineTypesIn({ type }).length === 0) return expect(failed?.code).not.toBe("NO_TRANSPORT");
    expect(failed).toEqual({
      code: "NO_TRANSPORT",
      message: `The node "read-it" (${type}) needs a machine: run this flow on a server or in the desktop application`,
    });
  });

  it("names the type where there is no node", async () => {
    const failed = (await page.failure("image", {}, { nodeId: undefined })).message;
    expect(failed).toMatch(/^image needs a machine: /);
  });

  it("knows what of a flow needs a machine, at any depth and each type once", () => {
    const read = { id: "r", type: "file-system", nodes: [] };
    const loop = { type: "loop", nodes: [{ type: "sql" }, { type: "group", nodes: [read, { type: "sql" }] }] };
    expect(machineTypesIn({ type: "group", nodes: [{ type: "sort" }, loop, read] })).toEqual(["sql", "file-system"]);
    expect(machineTypesIn({ type: "group", nodes: [{ type: "sort" }, { type: "own" }, {}] })).toEqual([]);
  });

  it("checks parameters as Node does", async () => {
    const [onMachine, inPage] = await Promise.all(
      places.map(({ failure }) => failure("transform", {}, { operation: "nope", limitCount: "x" })),
    );
    expect(inPage).toMatchObject({ code: "INVALID_PARAMETERS", message: onMachine?.message });
  });

  it("says what may be wrong where the browser says nothing", () => {
    const blocked = pageNetwork.failureOf(new TypeError("Failed to fetch"), new URL("http://there.example/x"));
    expect(blocked.message).toMatch(
      /^fetch failed \(Failed to fetch\): http:\/\/there\.example cannot be reached, .*CORS/,
    );
  });
});

describe("a library that is given QuickJS", () => {
  const transform = (load: () => Promise<WebAssembly.Module>, more: object = {}) =>
    browser
      .executablesWith(load, browser.typeScript)
      .get("transform")
      ?.execute({ input: [1], variables: {}, transformFunction: "(x) => x + 1", ...more });

  it("asks for it when user code is to run, and runs it there", async () => {
    let asked = 0;
    const load = () => {
      asked++;
      return browser.quickJs();
    };
    expect(await transform(load, { operation: "reverse" })).toMatchObject({ result: [1] });
    expect(asked).toBe(0);
    expect(await transform(load)).toMatchObject({ result: [2] });
    expect(asked).toBe(1);
  });

  it("fails with what comes instead of it", async () => {
    const failure = new browser.NodeError("EXECUTION_FAILED", "nothing came");
    await expect(transform(() => Promise.reject(failure))).rejects.toMatchObject({ message: /nothing came/ });
  });

  it("waits for it no longer than until its signal fires", async () => {
    const never = () => new Promise<WebAssembly.Module>(() => {});
    const controller = new AbortController();
    const waiting = transform(never, { signal: controller.signal });
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
    await expect(transform(never, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("values on their way through user code", () => {
  const data = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    null,
    undefined,
    new Date(7),
    new Date(Number.NaN),
    "\ud800 \u0000 é 😀",
    { "@": [1], nested: [undefined, { at: new Date(1), none: undefined }] },
    [[]],
  ];

  it.each(places)("are the same ones in $name", async ({ run }) => {
    const { result } = await run("transform", { data }, { transformFunction: "(x) => x" + " /**/" });
    expect(result).toEqual([
      ...data.slice(0, 2),
      0,
      ...data.slice(3, 8),
      { ...(data[8] as object), nested: [undefined, { at: new Date(1) }] },
      [[]],
    ]);
    expect(result).toHaveLength(data.length);
  });

  it.each([
    "() => new Map()",
    "() => ({ f() {} })",
    "() => 1n",
    "async () => 1",
    "() => /x/",
    "() => new Uint8Array(1)",
    "() => { throw new RangeError('far') }",
    "() => { throw 'text' }",
    "() => { throw { a: 1 } }",
    "() => { throw null }",
    "x => {\n\n  return y;\n}",
    "x => x.a.b.c",
    "x => x +",
    "42, 'no function =>'",
    "function f() { return f() + 1 }",
    "() => 'x'.repeat(2 ** 29)",
    "() => { const cycle = {}; cycle.self = cycle; return cycle }",
  ])("fail with the same words everywhere: %s", async (transformFunction) => {
    const [onMachine, inPage] = await Promise.all(
      places.map(({ failure }) => failure("transform", { data: [1] }, { transformFunction })),
    );
    expect([inPage?.code, inPage?.message]).toEqual([onMachine?.code, onMachine?.message]);
  });
});
