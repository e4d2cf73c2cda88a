import { describe, expect, it } from "vitest";

import { createPageSandbox } from "../src/browser/page-sandbox.js";
import { quickJs } from "../src/browser.js";
import { NodeError } from "../src/contract/error.js";
import type { NodeExecutable } from "../src/contract/executable.js";
import { getNodeExecutable } from "../src/executables.js";
import { conditionHolds } from "../src/library/round-condition.js";
import type { RoundWork } from "../src/library/work.js";
import { BOMBS, ESCAPES } from "./escape-payloads.js";
import { places, type TestedPlace } from "./run.js";

/** What only this process has. Code that finds one of these has got out. */
const HOST = ["process", "require", "Buffer", "fetch", "setTimeout", "WebAssembly", "canary", "std", "os"];
/** Runs at a time. */
const AT_ONCE = 4;
const CODES = new Set([
  ...["EXECUTION_FAILED", "INVALID_PARAMETERS", "TYPE_MISMATCH", "TIMEOUT", "MEMORY_LIMIT_EXCEEDED"],
]);

/**
 * The expression, and what of this process can be found in its value, two levels deep. It looks without what the expression may
 * have changed.
 */
const looked = (code: string) => `(() => {
  const names = ${JSON.stringify(HOST)}, ownKeys = Reflect.ownKeys;
  let found = "";
  const look = (each, isDeep) => {
    try {
      if (each === null || (typeof each !== "object" && typeof each !== "function")) return;
      // What has an answer to everything knows nothing.
      if (each["no such name"] !== undefined) return;
      for (let i = 0; i < names.length; i++) if (each[names[i]] !== undefined) found += " " + names[i];
      const keys = isDeep ? ownKeys(each) : [];
      for (let i = 0; i < keys.length && i < 200; i++) look(each[keys[i]], false);
    } catch {}
  };
  const value = ${code};
  look(value, true);
  return found === "" ? value : "ESCAPED" + found;
})()`;

/** Everything that code of this realm builds on, as it is now. */
function intrinsics(): Map<string, unknown> {
  const state = new Map<string, unknown>();
  const prototypes = [Object, Function, Array, String, Number, Boolean, Symbol, Promise, Map, Set, Error, RegExp, Date];
  for (const [at, holder] of prototypes.flatMap((each) => [each, each.prototype]).entries()) {
    state.set(`${at} extensible`, Object.isExtensible(holder));
    state.set(`${at} prototype`, Object.getPrototypeOf(holder));
    for (const key of Reflect.ownKeys(holder)) {
      const { value, get, set } = Object.getOwnPropertyDescriptor(holder, key) as PropertyDescriptor;
      state.set(`${at} ${String(key)}`, value ?? get ?? set);
    }
  }
  for (const key of [...Reflect.ownKeys(JSON), ...Reflect.ownKeys(Reflect), ...Reflect.ownKeys(Math)]) {
    state.set(`own ${String(key)}`, Reflect.get(JSON, key) ?? Reflect.get(Reflect, key) ?? Reflect.get(Math, key));
  }
  return state;
}

/** The first part of a value that is no plain data. */
function strange(value: unknown, depth = 0): string | undefined {
  if (typeof value === "function" || typeof value === "symbol") return typeof value;
  if (typeof value !== "object" || value === null || depth > 20) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isData =
    [Object.prototype, Array.prototype, Date.prototype, null].includes(prototype as object) ||
    value instanceof Uint8Array;
  if (!isData) return `an object of ${String((prototype as object).constructor?.name)}`;
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Object.getOwnPropertyDescriptor(value, key) as PropertyDescriptor;
    const found = "value" in descriptor ? strange(descriptor.value, depth + 1) : `an accessor ${String(key)}`;
    if (found !== undefined) return found;
  }
  return undefined;
}

type Attack = (code: string, limits: { timeout: number; memoryLimit: number }) => Promise<unknown>;

/** Every place where a flow has code, and how code gets there. */
const [machine, page] = places as [TestedPlace, TestedPlace];
const ATTACKS: Readonly<Record<string, Attack>> = {
  code: async (code, limits) =>
    (await machine.run("code", { data: [1] }, { code: `return ${code}`, ...limits })).result,
  "transform: map": async (code, limits) =>
    (await machine.run("transform", { data: [1] }, { transformFunction: `() => ${code}`, ...limits })).result,
  condition: (code, limits) => routed(machine, code, limits),
  "the condition of until": async (code, { timeout }) => {
    const work = { names: undefined, signal: undefined, explicitTimeout: timeout } as unknown as RoundWork<unknown>;
    const values = { result: 1, iteration: 0 };
    const isFound = await conditionHolds(createPageSandbox(quickJs), "condition", found(code), values, work);
    return isFound ? "ESCAPED" : isFound;
  },
  "transform: map in a page": async (code, limits) =>
    (await page.run("transform", { data: [1] }, { transformFunction: `() => ${code}`, ...limits })).result,
};

/** Says of a value alone whether something was found. */
const found = (code: string) => `String(${code}).startsWith("ESCAPED")`;

/** A condition gives what it said about the value. */
async function routed(place: TestedPlace, code: string, limits: object): Promise<unknown> {
  const { result } = await place.run("condition", { data: { a: 1 } }, { expression: found(code), ...limits });
  return result === true ? "ESCAPED" : result;
}

async function eachAtOnce<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const worker = async () => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) await work(next);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

describe.each(Object.entries(ATTACKS))("hostile code in %s", (name, attack) => {
  const limits = { timeout: 10_000, memoryLimit: 16 * 1024 * 1024 };

  it(`gets out by none of ${ESCAPES.length} ways, and leaves nothing behind`, async () => {
    expect(ESCAPES.length).toBeGreaterThan(300);
    const before = intrinsics();
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown) => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    const realm = globalThis as { canary?: unknown };
    realm.canary = () => "found";
    try {
      await eachAtOnce(ESCAPES, async ([title, code]) => {
        const answer = await attack(looked(code), limits).then(
          (value) => ({ value }),
          (error: unknown) => ({ error }),
        );
        if ("error" in answer) {
          expect(answer.error, title).toBeInstanceOf(NodeError);
          expect(CODES, `${title}: ${String(answer.error)}`).toContain((answer.error as NodeError).code);
          return;
        }
        expect(JSON.stringify(answer.value) ?? "", title).not.toContain("ESCAPED");
        expect(strange(answer.value), title).toBeUndefined();
      });
    } finally {
      delete realm.canary;
      process.off("unhandledRejection", onUnhandled);
    }
    expect(unhandled).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    for (const [key, value] of intrinsics()) expect(Object.is(value, before.get(key)), key).toBe(true);
    expect(intrinsics().size).toBe(before.size);
  });

  it(`ends ${BOMBS.length} bombs at their limits, and goes on`, async () => {
    // On the thread of a test nothing ends what one built-in does; workers of pages are ended from outside.
    const isKillable = !name.includes("page") && !name.includes("until");
    const bombs = isKillable ? BOMBS : BOMBS.filter((bomb) => /while|for \(;;\)|function f/.test(bomb));
    await eachAtOnce(bombs, async (bomb) => {
      const answer = await attack(bomb, { ...limits, timeout: 150 }).catch((error: unknown) => error);
      if (answer instanceof NodeError) expect(CODES, bomb).toContain(answer.code);
      else expect(strange(answer), bomb).toBeUndefined();
    });
    expect([[2], 2, true, "2", false]).toContainEqual(await attack("1 + 1", limits));
  });
});

describe("hostile values that come in", () => {
  const values: Readonly<Record<string, () => unknown>> = {
    "a getter that throws": () => ({
      get a() {
        throw new Error("asked");
      },
    }),
    "a getter of this process": () => ({
      get a() {
        return process;
      },
    }),
    toJSON: () => ({ toJSON: () => ({ a: process.pid }) }),
    "a function": () => ({ a: () => process.exit(3) }),
    "a proxy": () => new Proxy({ a: 1 }, { get: () => process }),
    "a revoked proxy": () => {
      const { proxy, revoke } = Proxy.revocable({}, {});
      revoke();
      return proxy;
    },
    "a thenable": () => ({ then: (resolve: (value: unknown) => void) => resolve(process) }),
    "a cycle": () => {
      const cycle: Record<string, unknown> = {};
      cycle["a"] = cycle;
      return cycle;
    },
    "a symbol": () => ({ [Symbol("a")]: process, a: Symbol("b") }),
    "a bigint": () => ({ a: 10n ** 400n }),
    "__proto__ of its own": () =>
      JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": {"polluted": 1}}}'),
    depth: () => {
      let value: unknown = 1;
      for (let i = 0; i < 100_000; i++) value = { a: value };
      return value;
    },
    "text that is code": () => ({ a: "'); process.exit(3); ('", b: "`${process}`", c: "\u2028*/</script>" }),
    "a class": () =>
      new (class Secret {
        #key = 1;
        get key() {
          return this.#key;
        }
      })(),
  };
  const code = "String(typeof data === 'object' && data !== null && typeof data.a?.exit) + String({}.polluted)";

  it.each(Object.entries(values))("bring nothing along: %s", async (_, make) => {
    for (const type of ["code", "transform", "condition"]) {
      const parameters = {
        code: { code: `return ${code}` },
        transform: { transformFunction: `(data) => ${code}` },
        condition: { expression: `String(typeof item?.a?.exit) === "function"` },
      }[type] as Record<string, unknown>;
      const data = type === "transform" ? [make()] : make();
      const { execute } = getNodeExecutable(type) as NodeExecutable;
      const call = { nodeId: "n", executionId: "e", variables: {}, input: { data }, ...parameters };
      const answer = await Promise.resolve(execute(call)).catch((error: unknown) => error);
      if (answer instanceof NodeError) expect(CODES, type).toContain(answer.code);
      else expect(String((answer as { result: unknown }).result), type).not.toMatch(/function|^true|1$/);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
