/** Times of schedules where clocks are put forward and back, beside a plain count of minutes. */
import { describe, expect, it } from "vitest";
import { scheduleTimes } from "../src/machine/schedule-times.js";
import { seededRandom } from "./seeded-random.js";

/** Zones, and days around which their clocks are put forward or back: by an hour, by half of one, for Ramadan, at a quarter to. */
const CHANGES: readonly (readonly [zone: string, ...days: string[]])[] = [
  ["Europe/Berlin", "2026-03-29", "2026-10-25"],
  ["America/New_York", "2026-03-08", "2026-11-01"],
  ["Australia/Lord_Howe", "2026-04-05", "2026-10-04"],
  ["Africa/Casablanca", "2026-02-15", "2026-03-22"],
  ["Pacific/Chatham", "2026-04-05", "2026-09-27"],
  ["America/St_Johns", "2026-03-08", "2026-11-01"],
];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const PATTERNS = 40;

/** Each minute of the days around a change, with what a clock on the wall shows. */
function minutes(zone: string, day: string) {
  const clock = new Intl.DateTimeFormat("sv", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  const noon = Date.parse(`${day}T12:00Z`);
  return Array.from({ length: (4 * DAY) / MINUTE }, (_, index) => {
    const moment = noon - 2 * DAY + index * MINUTE;
    const [date = "", time = ""] = clock.format(moment).split(" ");
    return { moment, date, time };
  });
}

/** On each day the first minute that a clock shows this time; where none does, the first one after it. */
function timesOf(clock: ReturnType<typeof minutes>, time: string): number[] {
  const days = [...new Set(clock.map(({ date }) => date))].slice(1, -1);
  return days.map((day) => {
    const ofDay = clock.filter(({ date }) => date === day);
    const found = ofDay.find((minute) => minute.time === time) ?? ofDay.find((minute) => minute.time > time);
    return found?.moment ?? Number.NaN;
  });
}

function between(cron: string, timezone: string, first: number, last: number): number[] {
  const schedule = scheduleTimes({ cron, timezone } as Parameters<typeof scheduleTimes>[0]);
  const found = [];
  for (let at = schedule.after(first - 1); at !== undefined && at <= last; at = schedule.after(at)) found.push(at);
  return found;
}

describe.each(CHANGES.flatMap(([zone, ...days]) => days.map((day) => [zone, day] as const)))(
  "in %s around %s",
  (zone, day) => {
    const clock = minutes(zone, day);
    const offsets = new Set(clock.map(({ moment, date, time }) => Date.parse(`${date}T${time}Z`) - moment));

    it("clocks are changed", () => {
      expect(offsets.size).toBe(2);
    });

    it("a time of the day comes once a day, the first time or after what was left out", () => {
      const next = seededRandom(zone.length + Date.parse(day));
      for (let round = 0; round < PATTERNS; round++) {
        // Most of them in the hours in which clocks are changed.
        const [hour, minute] = [Math.floor(next() * (round % 4 === 0 ? 24 : 5)), Math.floor(next() * 60)];
        const time = [hour, minute].map((part) => String(part).padStart(2, "0")).join(":");
        const expected = timesOf(clock, time);
        const found = between(`${minute} ${hour} * * *`, zone, expected[0] as number, expected.at(-1) as number);
        expect({ time, found }).toEqual({ time, found: expected });
      }
    });

    it("a quarter of every hour comes each quarter", () => {
      const [first, last] = [clock[0]?.moment as number, clock.at(-1)?.moment as number];
      const expected = clock.filter(({ time }) => /:(00|15|30|45)$/.test(time)).map(({ moment }) => moment);
      expect(between("*/15 * * * *", zone, first, last)).toEqual(expected);
    });
  },
);
