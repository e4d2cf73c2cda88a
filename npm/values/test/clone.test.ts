import { types } from "node:util";
import { serialize } from "node:v8";
import { describe, expect, it } from "vitest";
import { cloneability, isCloneable, memoryIn } from "../src/index.js";
import { HOSTILE, nested, randomHostile, randomNumbers } from "./hostile.js";

const inNode = { isProxy: types.isProxy, takes: succeeds(serialize) };

function succeeds(work: (value: object) => unknown): (value: unknown) => boolean {
  return (value) => {
    try {
      work(value as object);
      return true;
    } catch {
      return false;
    }
  };
}

describe("a value can be cloned", () => {
  it.each(Object.keys(HOSTILE))("exactly if structured clone takes it: %s", (name) => {
    const value = { value: HOSTILE[name] };
    expect(cloneability(value, "data", { triesAll: true }).problem === undefined).toBe(isCloneable(value));
  });

  // `serialize` reads views in a way of its own, which nothing that sends values does.
  const names = Object.keys(HOSTILE).filter((name) => !/^view of (?:shared|memory that shrank)/.test(name));
  it.each(names)("exactly if it can be sent, where Proxies can be told: %s", (name) => {
    const value = { value: HOSTILE[name] };
    expect(cloneability(value, "data", inNode).problem === undefined).toBe(succeeds(serialize)(value));
  });

  it("exactly if structured clone takes it, whatever is in it", () => {
    const outcomes = new Set<boolean>();
    for (let seed = 0; seed < 2000; seed++) {
      const value = randomHostile(randomNumbers(seed));
      const isTaken = isCloneable(value);
      outcomes.add(isTaken);
      expect(cloneability(value, "data", { triesAll: true }).problem === undefined, `seed ${seed}`).toBe(isTaken);
    }
    expect(outcomes.size).toBe(2);
  });

  it("unless what is named cannot: the part at its place is the one", () => {
    const at = (value: unknown) => cloneability(value, "data", { triesAll: true }).problem;
    expect(at(HOSTILE["function deep down"])).toBe("data.a.0.b.c.d.0 is a function");
    expect(at(HOSTILE["deep proxy"])).toBe("data.rows.0.a.b is of type Object");
    expect(cloneability(HOSTILE["deep proxy"], "data", inNode).problem).toBe("data.rows.0.a.b is a Proxy");
    expect(at(new Map([[{ k: Symbol("s") }, 1]]))).toBe("data.(key).k is a symbol");
    expect(at(new Map([[1, new Set([Promise.resolve()])]]))).toBe("data.(value).(value) is a promise");
    expect(at(HOSTILE["list with a field"])).toBe("data.run is a function");
    expect(at({ error: HOSTILE["error with a function as cause"] })).toBe("data.error.cause is a function");
    expect(at(HOSTILE["getter that throws"])).toBe("data.x threw when it was read");
    expect(at([HOSTILE["memory that was handed over"]])).toBe("data.0 was handed over to another thread");
    expect(at([HOSTILE["view of memory that shrank"]])).toBe("data.0 lies outside of its memory");
    expect(at(Symbol("s"))).toBe("data is a symbol");
  });

  it("only to the depth that structured clone is sure to reach", () => {
    expect(cloneability(nested(1000), "data", inNode).problem).toBe(undefined);
    expect(cloneability(nested(1_000_000), "data", inNode).problem).toMatch(/^data(\.0){1000} is nested too deeply$/);
    const ring: Record<string, unknown> = {};
    let last = ring;
    for (let length = 1; length < 1000; length++) last = last["next"] = {};
    last["next"] = ring;
    expect(cloneability(ring, "data", inNode).problem).toBe(undefined);
  });

  it("after each of its getters ran once", () => {
    let runs = 0;
    const counting = Object.defineProperty({}, "x", { enumerable: true, get: () => ({ run: runs++ }) });
    expect(cloneability([counting, counting], "data")).toEqual({ hasGetters: true });
    expect(runs).toBe(1);
    expect(cloneability([{}], "data")).toEqual({ hasGetters: false });
  });
});

describe("memory that could be handed over", () => {
  it("is found wherever it is, once, and only where it is large", () => {
    const [large, other, small] = [new ArrayBuffer(100), new ArrayBuffer(100), new ArrayBuffer(99)];
    const value = {
      a: new Uint8Array(large, 5, 5),
      b: [new DataView(large), small],
      c: new Map([[other, new Set([large])]]),
    };
    expect(memoryIn([value, value], 100)).toEqual([large, other]);
    expect(memoryIn(new Uint8Array(new SharedArrayBuffer(100)), 100)).toEqual([]);
    expect(memoryIn(nested(1_000_000), 1)).toEqual([]);
  });
});
