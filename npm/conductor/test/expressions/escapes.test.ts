/** Code that tries to get out of an engine, as expressions, which have none. */
import { describe, expect, it } from "vitest";

import { BOMBS, ESCAPES } from "../../../nodes/test/escape-payloads";
import { compile } from "../../src/expressions/compile";
import { ExpressionError } from "../../src/expressions/failure";
import type { Scope } from "../../src/expressions/scope";

const scope = {
  input: {},
  data: { a: [1], text: "x" },
  loop: undefined,
  variables: {},
  run: { id: "r", startedAt: "2020-01-01T00:00:00.000Z", attempt: 1, flowId: "f" },
  now: "2020-01-01T00:00:01.000Z",
  node: (id: string) => ({ id }),
  env: () => undefined,
  secret: () => undefined,
} as unknown as Scope;

/** The same over values that expressions have. */
const VALUES = ["data", "data.a", "data.text", "input", "run", "now", "variables"].flatMap((value) =>
  ["constructor", "__proto__", "prototype", "toString", "valueOf", "__defineGetter__", "hasOwnProperty"].flatMap(
    (name) => [
      `${value}.${name}`,
      `${value}["${name}"]`,
      `${value}?.${name}?.constructor("return process")()`,
      `${value}[["${name}"]].constructor`,
      `${value}.map((x) => x.${name})`,
    ],
  ),
);

describe("hostile expressions", () => {
  it("are refused, or give data alone", () => {
    for (const code of [...ESCAPES.map(([, code]) => code), ...BOMBS, ...VALUES]) {
      let value: unknown;
      try {
        value = compile(code, 0).evaluate(scope);
      } catch (error) {
        expect(error, code).toBeInstanceOf(ExpressionError);
        continue;
      }
      const isObject = typeof value === "object" && value !== null;
      const prototypes = [Object.prototype, Array.prototype, null];
      if (isObject) expect(prototypes.includes(Object.getPrototypeOf(value)), code).toBe(true);
      else expect(["function", "symbol"], code).not.toContain(typeof value);
      expect(
        [globalThis, process, ...prototypes].some((each) => each !== null && each === value),
        code,
      ).toBe(false);
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
