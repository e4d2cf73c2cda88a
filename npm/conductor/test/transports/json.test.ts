/** What goes over a wire as JSON: nothing that would arrive as something else. */
import { describe, expect, it } from "vitest";
import { randomHostile, randomNumbers } from "../../../values/test/hostile.js";
import { decode, encode } from "../../src/transports/json.js";

/** A value as those see it who read JSON: dates are text, what is undefined is not there. */
function asRead(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  if ("toISOString" in value) return JSON.parse(JSON.stringify(value));
  if (Array.isArray(value)) return Array.from(value, asRead);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, asRead(field)]));
}

describe("a value as JSON", () => {
  it("arrives as it was, or is not sent", () => {
    const outcomes = { sent: 0, refused: 0 };
    for (let seed = 0; seed < 2000; seed++) {
      const value = [randomHostile(randomNumbers(seed))];
      let text: string | undefined;
      try {
        text = encode(value);
      } catch (error) {
        expect((error as Error).message, `seed ${seed}`).toMatch(/^Cannot be sent as JSON: /);
        outcomes.refused++;
        continue;
      }
      expect(decode(text as string, "there"), `seed ${seed}`).toStrictEqual(asRead(value));
      outcomes.sent++;
    }
    expect(outcomes.sent).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });

  it.each<[string, unknown, string]>([
    ["in a list, that says it is nothing", [{ toJSON: () => undefined }], "[0] is undefined"],
    ["that says it is a function", { a: { toJSON: () => () => 1 } }, "a is a function"],
    ["of a map of another class", { rows: [new (class Rows extends Map {})()] }, "rows[0] is an instance of Rows"],
    ["of a class without a name", [new (class {})()], "[0] is an instance of a class"],
    ["of bytes", { a: { b: Buffer.from("x") } }, "a.b is an instance of Buffer"],
    ["of an invalid date", [new Date(Number.NaN)], "[0] is an invalid date"],
  ])("is refused for a part %s", (_name, value, problem) => {
    expect(() => encode(value)).toThrow(`Cannot be sent as JSON: ${problem}`);
  });
});
