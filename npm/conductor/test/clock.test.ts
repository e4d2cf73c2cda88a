import { afterEach, describe, expect, it, vi } from "vitest";
import { Clock } from "../src/engine/turn.js";

/** Clocks of the host that stand where they are put. */
function hostClocks(wall: number, precise: number) {
  const host = { wall, precise };
  vi.spyOn(Date, "now").mockImplementation(() => host.wall);
  const asked = vi.spyOn(performance, "now").mockImplementation(() => host.precise);
  return { host, asked };
}

afterEach(() => void vi.restoreAllMocks());

describe.each([false, true])("the clock of a run, coarse: %s", (coarse) => {
  it("begins at the wall clock's time and goes on by the precise one", () => {
    const { host } = hostClocks(1_000_000, 50);
    const clock = new Clock(coarse);
    expect(clock.now()).toBe(1_000_000);
    host.wall += 7;
    host.precise += 7.25;
    expect(clock.now()).toBe(1_000_007.25);
  });

  it("does not go back with the wall clock", () => {
    const { host } = hostClocks(1_000_000, 50);
    const clock = new Clock(coarse);
    host.wall -= 60_000;
    host.precise += 3;
    expect(clock.now()).toBe(1_000_003);
  });

  it("goes on in time although the wall clock stands still", () => {
    const { host } = hostClocks(1_000_000, 50);
    const clock = new Clock(coarse);
    let now = clock.now();
    for (let look = 0; look < 200; look++) {
      host.precise += 1;
      now = clock.now();
    }
    expect(now).toBeGreaterThan(1_000_100);
  });
});

describe("the coarse clock of a run", () => {
  it("asks the precise clock once while the wall clock tells the same", () => {
    const { host, asked } = hostClocks(1_000_000, 50);
    const clock = new Clock(true);
    asked.mockClear();
    for (let look = 0; look < 30; look++) clock.now();
    expect(asked).not.toHaveBeenCalled();
    host.wall += 1;
    for (let look = 0; look < 30; look++) clock.now();
    expect(asked).toHaveBeenCalledTimes(1);
  });
});
