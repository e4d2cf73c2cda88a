/** Both sides of the boundary agree on what crosses it. */
import { readFileSync } from "node:fs";
import { conductor } from "@atomiton/conductor";
import { loadAddon } from "@atomiton/conductor-native";
import { describe, expect, it } from "vitest";

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
});
