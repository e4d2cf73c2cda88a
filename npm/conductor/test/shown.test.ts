/** What is shown of values: without secrets and redacted parts, in values of every shape. */
import { describe, expect, it } from "vitest";

import { outlineOf } from "../src/engine/outline.js";
import { RunRedact } from "../src/engine/redact.js";
import { withoutSecrets } from "../src/engine/shown.js";
import { Redaction } from "../src/expressions/redaction.js";
import { leaf } from "./contract/flows.js";

const SECRET = "hunter2-secret";

describe("a value without its secrets", () => {
  const redaction = new Redaction();
  redaction.add(SECRET, "NAME");
  const shown = (value: unknown) => withoutSecrets(value, redaction);

  it("is itself where it has none", () => {
    const value = { list: [1, new Map([[{ key: 1 }, new Set(["a"])]])], when: new Date(0) };
    expect(shown(value)).toBe(value);
  });

  it("has none in keys of maps, members of sets, and numbers as keys", () => {
    const digits = new Redaction();
    digits.add("98765432", "PIN");
    const key = { of: SECRET };
    expect(
      shown(
        new Map<unknown, unknown>([
          [7, SECRET],
          [key, new Set([1, SECRET, 2])],
        ]),
      ),
    ).toEqual(
      new Map<unknown, unknown>([
        [7, "***"],
        [{ of: "***" }, new Set([1, "***", 2])],
      ]),
    );
    expect(withoutSecrets(new Map([[98765432, 1]]), digits)).toEqual(new Map([["***", 1]]));
    expect([...(shown(new Set([SECRET, "a"])) as Set<string>)]).toEqual(["***", "a"]);
  });

  it("has none where it contains itself, nor below what is looked into", () => {
    const value: Record<string, unknown> = { secret: SECRET };
    value.self = value;
    value.list = new Set([value]);
    const copy = shown(value) as typeof value;
    expect(copy.secret).toBe("***");
    expect(copy.self).toBe(copy);
    expect([...(copy.list as Set<unknown>)]).toEqual([copy]);
    let deep: unknown = SECRET;
    for (let level = 0; level < 2_000; level++) deep = [deep];
    expect(JSON.stringify(shown(deep))).not.toContain(SECRET);
  });

  it("has none where a part cannot be read", () => {
    const value = Object.defineProperty({ secret: SECRET }, "broken", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    expect((shown([value]) as { secret: string }[])[0]?.secret).toBe("***");
  });
});

describe("a value without its redacted parts", () => {
  const shown = (paths: string[], value: unknown) => {
    const node = { ...leaf("a", { type: "t" }), policy: { redact: paths } };
    const redact = new RunRedact(outlineOf(node as never), new Redaction());
    redact.note(0, value);
    return redact.shown(value, [0, 1]);
  };

  it("has none in sets, nor under keys of maps that are no texts", () => {
    const value = { all: new Set([{ card: "1234" }, { other: 1 }]), by: new Map([[7, { card: "5678" }]]) };
    const found = shown(["**.card"], value);
    expect(found.value).toEqual({
      all: new Set([{ card: "[redacted]" }, { other: 1 }]),
      by: new Map([[7, { card: "[redacted]" }]]),
    });
    expect(found.paths).toEqual(["all[0].card", "by.7.card"]);
  });

  it("has none where it contains itself", () => {
    const value: Record<string, unknown> = { card: "1234" };
    value.self = value;
    const copy = shown(["card"], value).value as typeof value;
    expect(copy.card).toBe("[redacted]");
    expect(copy.self).toBe(copy);
  });
});
