import { describe, expect, it } from "vitest";

import { forEachLimited, Semaphore } from "../src/index.js";

describe("a semaphore", () => {
  it("hands its permits out in the order in which they were asked for", async () => {
    const semaphore = new Semaphore(2);
    const [first] = [await semaphore.acquire(), await semaphore.acquire()];
    const granted: string[] = [];
    const acquire = async (name: string) => {
      const release = await semaphore.acquire();
      granted.push(name);
      return release;
    };
    const [third, fourth] = [acquire("third"), acquire("fourth")];
    expect(semaphore.waiting).toBe(2);
    first();
    // What comes after the release and before the grant is seen waits behind the others.
    const fifth = acquire("fifth");
    (await third)();
    (await fourth)();
    await fifth;
    expect(granted).toEqual(["third", "fourth", "fifth"]);
    expect(semaphore.waiting).toBe(0);
  });

  it("takes a permit back once, however often it is released", async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    release();
    release();
    await semaphore.acquire();
    void semaphore.acquire();
    expect(semaphore.waiting).toBe(1);
  });

  it("gives a permit at once where one is free, and none where not", () => {
    const semaphore = new Semaphore(1);
    const release = semaphore.tryAcquire();
    expect(semaphore.tryAcquire()).toBe(undefined);
    release?.();
    expect(semaphore.tryAcquire()).not.toBe(undefined);
  });

  it("ends a wait with the reason of its signal, and gives the permit to the next", async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    const abort = new AbortController();
    const given = semaphore.acquire(abort.signal);
    const next = semaphore.acquire();
    abort.abort(new Error("enough"));
    expect(semaphore.waiting).toBe(1);
    await expect(given).rejects.toThrow("enough");
    release();
    (await next)();
    await expect(semaphore.acquire(abort.signal)).rejects.toThrow("enough");
    // Neither of the two has a permit.
    (await semaphore.acquire())();
  });

  it("leaves a permit with its holder when the signal is aborted after the grant", async () => {
    const semaphore = new Semaphore(1);
    const abort = new AbortController();
    const release = await semaphore.acquire();
    const given = semaphore.acquire(abort.signal);
    release();
    abort.abort();
    (await given)();
    (await semaphore.acquire())();
  });

  it("releases the permit of work that fails", async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.run(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await semaphore.run(async () => 7)).toBe(7);
  });

  it.each([0, -1, Number.NaN])("refuses %s permits", (permits) => {
    expect(() => new Semaphore(permits)).toThrow(RangeError);
  });

  it("has no limit with infinitely many", async () => {
    const semaphore = new Semaphore(Number.POSITIVE_INFINITY);
    for (let count = 0; count < 100; count++) void semaphore.acquire();
    expect(semaphore.waiting).toBe(0);
  });
});

describe("work for each item", () => {
  it("is done for all, and for no more than so many at once", async () => {
    const done: number[] = [];
    let [running, most] = [0, 0];
    await forEachLimited([0, 1, 2, 3, 4, 5, 6], 3, async (item) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      done.push(item);
    });
    expect(done.sort()).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(most).toBe(3);
  });

  it("goes on for the others when it fails for one", async () => {
    const done: number[] = [];
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const all = forEachLimited([0, 1, 2], 2, async (item) => {
      if (item === 0) throw new Error("broken");
      await held;
      done.push(item);
    });
    await expect(all).rejects.toThrow("broken");
    letGo();
    await expect.poll(() => done).toEqual([1, 2]);
  });

  it("refuses a limit by which nothing would be done", async () => {
    for (const limit of [0, -1, Number.NaN]) {
      await expect(forEachLimited([1], limit, async () => {})).rejects.toThrow(RangeError);
    }
  });
});
