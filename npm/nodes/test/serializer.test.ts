/** Data on its way into the sandbox, and what is no data. */
import { describe, expect, it } from "vitest";
import { HOSTILE, randomHostile, randomNumbers } from "../../values/test/hostile.js";
import { SandboxSerializer } from "../src/sandbox/serializer.js";

const serializer = () => new SandboxSerializer(64 * 1024 * 1024);

/** A value as user code gets it: fields without a value are not there, instances are their fields. */
function asGiven(value: unknown): unknown {
  if (typeof value === "number" && value === 0) return 0;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Object.prototype.toString.call(value) === "[object Date]") return new Date(Number(value));
  if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
  if (Array.isArray(value)) return Array.from(value, asGiven);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, asGiven(field)]));
}

describe("a value for user code", () => {
  it("arrives as it was, or is refused", () => {
    const outcomes = { given: 0, refused: 0 };
    for (let seed = 0; seed < 2000; seed++) {
      const value = [randomHostile(randomNumbers(seed))];
      const ways = serializer();
      let text: string;
      try {
        text = ways.encode(value);
      } catch {
        outcomes.refused++;
        continue;
      }
      expect(ways.decode(text), `seed ${seed}`).toStrictEqual(asGiven(value));
      outcomes.given++;
    }
    expect(outcomes.given).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });

  it.each([
    ["map", "rows[0].a is a Map"],
    ["map of another realm", "rows[0].a is a Map"],
    ["weak map", "rows[0].a is a WeakMap"],
    ["promise", "rows[0].a is a Promise"],
    ["pattern", "rows[0].a is a RegExp"],
    ["shared memory", "rows[0].a is a SharedArrayBuffer"],
    ["bytes", "rows[0].a is a Uint8Array"],
    ["symbol", "rows[0].a is a symbol"],
    ["cyclic", "rows[0].a.self is a cycle"],
  ])("is refused with the place of a %s", (name, problem) => {
    const value = { rows: [{ a: HOSTILE[name] }] };
    expect(() => serializer().encode(value)).toThrow(`Only data can be given to user code, but ${problem}`);
  });

  it("is refused item by item, with the item's place in the whole list", async () => {
    const items = [{ a: 1 }, { a: [HOSTILE.map] }];
    await expect(serializer().encodeItems(items).next()).rejects.toThrow("but [1].a[0] is a Map");
  });
});
