/** Both sides of the boundary agree on what crosses it. */
import { readFileSync } from "node:fs";
import { conductor } from "@atomiton/conductor";
import { loadAddon } from "@atomiton/conductor-native";
import { describe, expect, it } from "vitest";
import { EventKind, OpKind } from "../src/engine/mailbox";
import { ErrorCode } from "../src/types/errors";

const addon = loadAddon() as unknown as Record<string, unknown>;
const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

describe("the engine under test", () => {
  it("is the one that the environment asks for", () => {
    expect(conductor).toHaveProperty("engine.backend", process.env.CONDUCTOR_BACKEND ?? "native");
  });
});

describe("the native addon", () => {
  it("has every function that the driver calls", () => {
    const source = read("../src/engine/backend.ts");
    const [, members] = /export interface Backend \{([\s\S]*?)\n\}/.exec(source) as RegExpExecArray;
    const names = [...(members as string).matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name as string);
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) expect(typeof addon[name], name).toBe("function");
  });

  it("knows the same error codes", () => {
    const { codes } = JSON.parse((addon.constants as () => string)()) as { codes: { code: string }[] };
    expect(codes.map(({ code }) => code).sort()).toEqual(Object.keys(ErrorCode).sort());
  });

  it("numbers ops and events as the driver reads them", () => {
    const kinds = (path: string, enumName: string) =>
      [...read(path).matchAll(new RegExp(`${enumName}::(\\w+)[^=]*=>\\s*\\{?\\s*record\\((\\d+)`, "g"))].map(
        ([, name, number]) => [(name as string).toLowerCase(), Number(number)],
      );
    const lower = (table: Record<string, number>) => Object.entries(table).map(([name, n]) => [name.toLowerCase(), n]);
    const ops = kinds("../../../core/src/run/op.rs", "Op");
    expect(new Map(ops as [string, number][])).toEqual(new Map(lower(OpKind) as [string, number][]));
    const numbers = new Set(kinds("../../../core/src/run/event.rs", "Event").map(([, number]) => number));
    expect(numbers).toEqual(new Set(Object.values(EventKind)));
  });
});
