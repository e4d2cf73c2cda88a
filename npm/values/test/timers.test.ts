import { describe, expect, it, vi } from "vitest";

import { LONGEST_TIMER_MS, unheld, within } from "../src/index.js";

describe("within", () => {
  it("gives what is there in time, and nothing where it is late", async () => {
    vi.useFakeTimers();
    try {
      expect(await within(10, Promise.resolve("there"))).toBe("there");
      const late = within(10, new Promise(() => {}));
      await vi.advanceTimersByTimeAsync(10);
      expect(await late).toBeUndefined();
      expect(vi.getTimerCount()).toBe(0);
      // A longer wait than timers have is not one of 1 ms.
      let isOver = false;
      void within(LONGEST_TIMER_MS * 2, new Promise(() => {})).then(() => {
        isOver = true;
      });
      await vi.advanceTimersByTimeAsync(1_000);
      expect(isOver).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it("rejects as what it waits for, and leaves no timer", async () => {
    await expect(within(60_000, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  });
});

describe("a timer that is not held", () => {
  it("is given back, in a page too, where it is a number", () => {
    expect(unheld(7)).toBe(7);
    const timer = setTimeout(() => {}, 60_000);
    expect(unheld(timer).hasRef()).toBe(false);
    clearTimeout(timer);
  });
});
