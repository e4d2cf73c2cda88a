/** The times of schedules. */
import { messageOf } from "@atomiton/values";
import { Cron } from "croner";
import type { ScheduleParameters } from "../types/parameters.js";

/** The times of a schedule, in ms since the epoch. */
export interface ScheduleTimes {
  /** The first time after a moment; `undefined` where no time follows. */
  after(moment: number): number | undefined;
}

/** What of a schedule its times follow from. */
export type TimesOfSchedule = Pick<ScheduleParameters, "cron" | "every" | "timezone" | "from" | "until">;

/** Why a pattern cannot be read, or that no time fits it; `undefined` where it can. */
export function cronProblem(pattern: string, timezone = "UTC"): string | undefined {
  try {
    new Intl.DateTimeFormat("en", { timeZone: timezone });
  } catch {
    return `There is no time zone \`${timezone}\`; give the name of one, such as Europe/Berlin`;
  }
  try {
    const isEver = cronOf(pattern, timezone).nextRun(new Date()) !== null;
    return isEver ? undefined : `\`${pattern}\` has no time: no day fits it`;
  } catch (error) {
    const why = messageOf(error).replace(/^Cron\w+: /, "");
    return `\`${pattern}\` is no cron pattern such as 0 9 * * 1-5: ${why}`;
  }
}

/**
 * The times of a schedule whose parameters were checked.
 *
 * @throws Error for a pattern or a time zone that there is not
 */
export function scheduleTimes({ cron = [], every, timezone, from, until }: TimesOfSchedule): ScheduleTimes {
  const first = from === undefined ? Number.NEGATIVE_INFINITY : Date.parse(from);
  const end = until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until);
  const patterns = [cron].flat().map((pattern) => cronOf(pattern, timezone));
  const next = (moment: number): number => {
    if (every !== undefined) {
      const start = from === undefined ? 0 : first;
      return start + (Math.floor((moment - start) / every) + 1) * every;
    }
    const times = patterns.map((pattern) => pattern.nextRun(new Date(moment))?.getTime() ?? Number.POSITIVE_INFINITY);
    return Math.min(...times);
  };
  return {
    after(moment) {
      // The first moment is a time itself where it fits.
      const time = next(Math.max(moment, first - 1));
      return time < end ? time : undefined;
    },
  };
}

function cronOf(pattern: string, timezone: string): Cron {
  return new Cron(pattern, { timezone, paused: true });
}
