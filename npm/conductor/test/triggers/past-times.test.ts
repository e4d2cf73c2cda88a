/** Times that may be put off still, as time goes by. */
import { scheduleTimes } from "@atomiton/nodes/executables";
import { expect, it } from "vitest";
import { RecentTimes } from "../../src/triggers/past-times.js";
import { seededRandom } from "../seeded-random.js";

const START = Date.parse("2026-03-02T08:00:00Z");
const HOUR = 3_600_000;

function secondly() {
  const times = scheduleTimes({ every: 1000, timezone: "Europe/Berlin" } as never);
  const asked = { count: 0 };
  const after = (moment: number) => {
    asked.count++;
    return times.after(moment);
  };
  return { source: { after }, times, asked };
}

it("are listed once, and not again each time that they are looked at", () => {
  const { source, asked } = secondly();
  const recent = new RecentTimes(source);
  expect(recent.between(START - HOUR, START)).toHaveLength(3600);
  expect(asked.count).toBe(3601);
  for (let second = 1; second <= 100; second++) {
    const now = START + 1000 * second;
    expect(recent.between(now - HOUR, now)).toHaveLength(3600);
  }
  expect(asked.count).toBe(3601 + 200);
});

it("are those between the moments, whichever way these move", () => {
  const random = seededRandom(5);
  const { source, times } = secondly();
  const recent = new RecentTimes(source);
  for (let round = 0; round < 300; round++) {
    const after = START + Math.floor(random() * 40_000) - 20_000;
    const to = after + Math.floor(random() * 20_000);
    const expected: number[] = [];
    for (let time = times.after(after); time !== undefined && time <= to; time = times.after(time)) expected.push(time);
    expect(recent.between(after, to)).toEqual(expected);
  }
});
