import { expect, it } from "vitest";

import { loadedOnce } from "../src/loaded.js";

it("loads once for all who ask, and again after a failure", async () => {
  const outcomes = [Promise.reject(new Error("away")), Promise.resolve(1)];
  let asked = 0;
  const loaded = loadedOnce(() => outcomes[asked++] as Promise<number>);
  expect(asked).toBe(0);
  const failed = [loaded(), loaded()];
  expect(asked).toBe(1);
  for (const each of failed) await expect(each).rejects.toThrow("away");
  expect(await Promise.all([loaded(), loaded()])).toEqual([1, 1]);
  expect(asked).toBe(2);
});
