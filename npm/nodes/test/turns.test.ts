import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { inTurn } from "../src/sandbox/turns.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("gives up work that its engine cannot stop, but keeps the place until the work ends", async () => {
  const ends: (() => void)[] = [];
  let begun = 0;
  const work = (): Promise<void> => {
    begun++;
    return new Promise((resolve) => ends.push(resolve));
  };
  const places = Math.max(1, Number(process.env["UV_THREADPOOL_SIZE"] ?? 4) - 1);
  const stuck = Array.from({ length: places }, () => inTurn(work, 100, "f").catch((error: unknown) => error));
  const next = inTurn(async () => "next", 100, "f");
  await vi.advanceTimersByTimeAsync(100);
  for (const error of await Promise.all(stuck)) {
    expect(error).toMatchObject({ code: "TIMEOUT", message: "f was given up after 100 ms" });
  }
  expect(begun).toBe(places);
  let answer: string | undefined;
  void next.then((given) => (answer = given));
  await vi.advanceTimersByTimeAsync(1000);
  expect(answer).toBeUndefined();
  ends[0]?.();
  expect(await next).toBe("next");
});
