import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { LEAST_WAIT, Places } from "../src/sandbox/quickjs/places.js";

const source = { name: "f", code: "x => x", tag: "@", timeoutMs: 100, memoryBytes: 1 };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("gives places in the order in which they were asked for", async () => {
  const places = new Places(1);
  const giveBack = await places.take(source, undefined);
  const given: string[] = [];
  const take = async (name: string) => {
    const back = await places.take(source, undefined);
    given.push(name);
    return back;
  };
  const [second, third] = [take("second"), take("third")];
  giveBack();
  // A second time it is not there to be given back.
  giveBack();
  (await second)();
  await third;
  expect(given).toEqual(["second", "third"]);
});

it("fails with TIMEOUT and the reason when no place becomes free, and takes none then", async () => {
  const places = new Places(1);
  const giveBack = await places.take(source, undefined);
  const waiting = places.take(source, undefined).catch((error: unknown) => error);
  const patient = places.take({ ...source, timeoutMs: 2 * LEAST_WAIT }, undefined);
  await vi.advanceTimersByTimeAsync(LEAST_WAIT);
  expect(await waiting).toMatchObject({
    code: "TIMEOUT",
    message: `f was not begun: it waited ${LEAST_WAIT} ms while other user code took all 1 places`,
  });
  giveBack();
  (await patient)();
  (await places.take(source, undefined))();
});

it("gives up when the signal fires", async () => {
  const places = new Places(1);
  await places.take(source, undefined);
  const abort = new AbortController();
  const waiting = places.take(source, abort.signal);
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: "CANCELLED" });
});
