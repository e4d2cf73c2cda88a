import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { run as onMachine, places } from "./run.js";

const DAY = 86_400_000;

describe.each(places)("delay in $name", ({ run, failure }) => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.UTC(2026, 0, 1) });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Ms of virtual time that a node takes. */
  const timeOf = async (parameters: Record<string, unknown>, start = Date.UTC(2026, 0, 1)): Promise<number> => {
    vi.setSystemTime(start);
    const began = Date.now();
    let isOver = false;
    const running = run("delay", { data: 1 }, parameters).finally(() => {
      isOver = true;
    });
    running.catch(() => {});
    // The first part is loading; it takes no time that could be moved.
    while (!isOver && vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    while (!isOver) {
      if (vi.getTimerCount() > 0) await vi.advanceTimersToNextTimerAsync();
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await running;
    return Date.now() - began;
  };

  it("waits as long as it is told to", async () => {
    expect(await timeOf({ duration: 1500 })).toBe(1500);
    expect(await timeOf({ duration: "1.5h" })).toBe(5_400_000);
    expect(await timeOf({ duration: 0 })).toBe(0);
  });

  it("waits longer than one timer can", async () => {
    expect(await timeOf({ duration: "30d" })).toBe(30 * DAY);
    expect(await timeOf({ duration: 2 ** 31 })).toBe(2 ** 31);
  });

  it("waits until a moment, if it is still to come", async () => {
    expect(await timeOf({ until: "2026-01-01T00:00:10Z" })).toBe(10_000);
    expect(await timeOf({ until: "2026-01-01T01:00:10.250+01:00" })).toBe(10_250);
    expect(await timeOf({ until: "2025-12-31t22:00-0230" })).toBe(30 * 60_000);
    expect(await timeOf({ until: "2026-01-30T00:00Z" })).toBe(29 * DAY);
    expect(await timeOf({ until: "2025-01-01T00:00:00Z" })).toBe(0);
  });

  it.each([
    [{}, "either `duration` or `until`; neither is given"],
    [{ duration: 1, until: "2026-01-01T00:00:00Z" }, "both are given"],
    [{ duration: "31d" }, "`duration` must be at most 2592000000"],
    [{ duration: -1 }, "`duration` must be at least 0"],
    [{ duration: "soon" }, "a duration such as"],
    [{ until: "2026-01-02T00:00:00" }, "a moment with its zone: add Z"],
    [{ until: "2026-01-02" }, "a moment in ISO 8601"],
    [{ until: "tomorrow" }, 'found "tomorrow"'],
    [{ until: "2026-02-29T00:00:00Z" }, "a moment that there is"],
    [{ until: "2026-04-31T00:00:00Z" }, "a moment that there is"],
    [{ until: "2026-13-01T00:00:00Z" }, "a moment that there is"],
    [{ until: "2026-01-01T24:10:00Z" }, "a moment that there is"],
    [{ until: "2026-01-01T00:00:00+25:00" }, "a moment that there is"],
    [{ until: "2027-01-01T00:00:00Z" }, "is 365 days away"],
  ])("refuses %j", async (parameters, words) => {
    const error = await failure("delay", {}, parameters);
    expect(error.code).toBe("INVALID_PARAMETERS");
    expect(error.message).toContain(words);
  });

  it("knows the days of leap years", async () => {
    expect(await timeOf({ until: "2028-02-29T00:00:00Z" }, Date.UTC(2028, 1, 28))).toBe(DAY);
  });

  it("hands its input on, without what nodes put around it", async () => {
    vi.useRealTimers();
    const data = { a: [1] };
    expect(await run("delay", { default: { result: data } }, { duration: 0 })).toEqual({ result: data, waited: 0 });
    expect((await run("delay", { default: { result: data } }, { duration: 0 })).result).toBe(data);
    expect((await run("delay", { left: 1, right: 2 }, { duration: 1 })).result).toEqual({ left: 1, right: 2 });
    expect((await run("delay", undefined, { duration: 0 })).result).toBeNull();
  });

  it("ends at once when it is cancelled, and leaves no timer", async () => {
    const controller = new AbortController();
    const running = run("delay", {}, { duration: "20d", signal: controller.signal });
    running.catch(() => {});
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort();
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(vi.getTimerCount()).toBe(0);
    await expect(run("delay", {}, { duration: 5, signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });
});

it("hands a table on as it is", async () => {
  const table = await onMachine("spreadsheet", {}, { data: "a\n1\n" });
  expect((await onMachine("delay", { default: table }, { duration: 0 })).result).toBe(table);
});
