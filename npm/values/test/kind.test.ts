import { parse } from "node:querystring";
import { types } from "node:util";
import { describe, expect, it } from "vitest";
import { isRecord, kindOf, tagOf } from "../src/index.js";
import { HOSTILE } from "./hostile.js";

const objects = Object.entries(HOSTILE).filter(([, value]) => typeof value === "object" && value !== null) as [
  string,
  object,
][];
/** What cannot be told from outside of Node; a Proxy says what it stands for, or throws. */
const plain = objects.filter(([, value]) => !types.isProxy(value));

describe("what an object is", () => {
  it.each(plain)("is what Node says: %s", (_name, value) => {
    const kind = kindOf(value);
    expect(kind === "list").toBe(Array.isArray(value));
    expect(kind === "map").toBe(types.isMap(value));
    expect(kind === "set").toBe(types.isSet(value));
    expect(kind === "date").toBe(types.isDate(value));
    expect(kind === "pattern").toBe(types.isRegExp(value));
    expect(kind === "error").toBe(types.isNativeError(value));
    expect(kind === "view").toBe(ArrayBuffer.isView(value));
    expect(kind === "memory").toBe(types.isArrayBuffer(value));
    expect(kind === "shared memory").toBe(types.isSharedArrayBuffer(value));
    expect(kind === "boxed").toBe(types.isBoxedPrimitive(value));
  });

  it("is a record for what JSON makes, in any realm, and for nothing of a class", () => {
    expect(isRecord(HOSTILE["record of another realm"])).toBe(true);
    expect(isRecord(HOSTILE["no prototype"])).toBe(true);
    expect(isRecord(HOSTILE["instance"])).toBe(false);
    expect(isRecord(parse("a=1"))).toBe(true);
    expect(isRecord(HOSTILE["map of another realm"])).toBe(false);
    expect(isRecord([])).toBe(false);
    expect(isRecord(null)).toBe(false);
  });

  it("is found out without running its getters", () => {
    let runs = 0;
    const counting = Object.create({}, { [Symbol.toStringTag]: { get: () => `${runs++}` }, a: { get: () => runs++ } });
    expect(kindOf(counting)).toBe("instance");
    expect(tagOf(counting)).toBe("");
    expect(runs).toBe(0);
  });

  it("leaves a pattern that remembers its place as it is", () => {
    const pattern = /a/g;
    pattern.exec("aa");
    expect(kindOf(pattern)).toBe("pattern");
    expect(pattern.lastIndex).toBe(1);
  });
});
