import { expect, it } from "vitest";

import { KeyedMutex } from "../src/index.js";

it("does work under one key in its order, also after a failure, and under others meanwhile", async () => {
  const mutex = new KeyedMutex();
  const done: string[] = [];
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const first = mutex.run("a", async () => {
    await held;
    done.push("first");
    throw new Error("broken");
  });
  const second = mutex.run("a", async () => void done.push("second"));
  await mutex.run("b", async () => void done.push("other"));
  expect(done).toEqual(["other"]);
  letGo();
  await expect(first).rejects.toThrow("broken");
  await second;
  expect(done).toEqual(["other", "first", "second"]);
});
