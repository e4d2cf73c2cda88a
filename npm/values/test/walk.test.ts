import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { FOUND, kindOf, LEFT, OVER, pathText, Walk } from "../src/index.js";
import { randomJson, randomNumbers } from "./hostile.js";

/** All that a walk comes by, as it is entered wherever it can be. */
function* steps(value: unknown, sharing: "once" | "every way" = "every way") {
  const walk = new Walk(value, sharing);
  for (let step = walk.next(); step !== OVER; step = walk.next()) {
    const place = walk.path();
    const { value, depth } = walk;
    if (step === FOUND && typeof value === "object" && value !== null) walk.enter(value, kindOf(value));
    yield { step, place, value, depth };
  }
}

describe("a walk", () => {
  it("comes by what JSON.stringify comes by, in its order", () => {
    for (let seed = 0; seed < 2000; seed++) {
      const value = randomJson(randomNumbers(seed));
      const told: unknown[] = [];
      JSON.stringify(value, (_key, part) => {
        told.push(part);
        return part;
      });
      const found = [...steps(value)].filter(({ step }) => step === FOUND).map(({ value }) => value);
      expect(found, `seed ${seed}`).toEqual(told);
    }
  });

  it("knows the way to everything", () => {
    for (let seed = 0; seed < 500; seed++) {
      const root = randomJson(randomNumbers(seed));
      for (const { place, value, depth } of steps(root)) {
        // biome-ignore lint/suspicious/noExplicitAny: a value of any shape.
        expect(place.reduce((at: any, step) => at[step], root)).toBe(value);
        expect(place.length).toBe(depth);
      }
    }
  });

  it("is at an object once more when all of it was looked at", () => {
    const [inner, list] = [{ a: 1 }, [] as unknown[]];
    const value = [inner, list];
    const left = [...steps(value)].filter(({ step }) => step === LEFT);
    expect(left.map(({ value, place }) => [value, place])).toEqual([
      [inner, [0]],
      [list, [1]],
      [value, []],
    ]);
  });

  it("names entries of maps by their keys, where these are text", () => {
    const value = new Map<unknown, unknown>([
      ["a", new Set([1])],
      [2, 3],
    ]);
    const places = [...steps(value)].filter(({ step }) => step === FOUND).map(({ place }) => place.join("."));
    expect(places).toEqual(["", "(key)", "a", "a.(value)", "(key)", "(value)"]);
    expect(pathText(["a", 0, "b", 1, 2])).toBe("a[0].b[1][2]");
    expect(pathText([0, "a"])).toBe("[0].a");
    expect(pathText([])).toBe("");
  });

  it("takes the entries of a map and the members of a set as they are, whatever a class says of them", () => {
    class Hidden<T> extends Set<T> {
      override *[Symbol.iterator](): SetIterator<T> {}
      override forEach() {}
    }
    expect([...steps(new Hidden([1, 2]))].map(({ value }) => value)).toContain(2);
  });

  it("enters what is shared once or every way, and no cycle twice", () => {
    const shared = { a: 1 };
    const value: unknown[] = [shared, shared];
    value.push(value);
    const ones = (sharing: "once" | "every way") =>
      [...steps(value, sharing)].filter(({ value }) => value === 1).length;
    expect([ones("once"), ones("every way")]).toEqual([1, 2]);
  });

  it("reads each field once, when it gets there", () => {
    let reads = 0;
    const value = Object.defineProperty({}, "x", { enumerable: true, get: () => [reads++] });
    expect([...steps(value)].length).toBe(5);
    expect(reads).toBe(1);
  });

  it("is over for a list that grows meanwhile", () => {
    const list: unknown[] = [1];
    Object.defineProperty(list, 0, { enumerable: true, get: () => list.push(1) });
    expect([...steps(list)].length).toBe(3);
  });
});

describe("this package", () => {
  it("imports nothing, and names nothing of Node", () => {
    const folder = new URL("../src/", import.meta.url);
    const texts = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
    const imported = texts.flatMap((text) => [...text.matchAll(/\bfrom\s+"([^"]+)"/g)].map(([, from]) => from));
    expect(imported.length).toBeGreaterThan(5);
    expect(imported.filter((from) => !from?.startsWith("./"))).toEqual([]);
    expect(texts.join("").match(/\bprocess(?:\?\.|\.|\[)\w|\brequire\(|\bnode:\w+/g)).toBe(null);
  });
});
