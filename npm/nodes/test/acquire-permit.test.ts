import { Semaphore } from "@atomiton/values";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { acquirePermit, LEAST_WAIT } from "../src/sandbox/quickjs/acquire-permit.js";

const source = { name: "f", code: "x => x", tag: "@", timeoutMs: 100, memoryBytes: 1 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("hands permits out in the order in which they were asked for", async () => {
  const permits = new Semaphore(1);
  const release = await acquirePermit(permits, source, undefined);
  const given: string[] = [];
  const take = async (name: string) => {
    const releaseIt = await acquirePermit(permits, source, undefined);
    given.push(name);
    return releaseIt;
  };
  const [second, third] = [take("second"), take("third")];
  release();
  // A second time nothing is released.
  release();
  (await second)();
  await third;
  expect(given).toEqual(["second", "third"]);
});

it("fails with TIMEOUT and the reason when no permit becomes free, and takes none then", async () => {
  const permits = new Semaphore(1);
  const release = await acquirePermit(permits, source, undefined);
  const waiting = acquirePermit(permits, source, undefined).catch((error: unknown) => error);
  const patient = acquirePermit(permits, { ...source, timeoutMs: 2 * LEAST_WAIT }, undefined);
  await vi.advanceTimersByTimeAsync(LEAST_WAIT);
  expect(await waiting).toMatchObject({
    code: "TIMEOUT",
    message: `f was not begun: it waited ${LEAST_WAIT} ms while other user code took all 1 places`,
  });
  release();
  (await patient)();
  (await acquirePermit(permits, source, undefined))();
});

it("gives up when the signal fires", async () => {
  const permits = new Semaphore(1);
  await acquirePermit(permits, source, undefined);
  const abort = new AbortController();
  const waiting = acquirePermit(permits, source, abort.signal);
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
});
