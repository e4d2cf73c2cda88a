import { trigger } from "../../library/trigger.js";
import { schedule } from "./definition.js";

/** Hands on the time at which it fired, as `{time, missed, backfill}`. Fails with INVALID_PARAMETERS. */
export const scheduleNode = trigger(schedule, ({ time }) => ({
  time: typeof time === "string" ? time : new Date().toISOString(),
  missed: false,
  backfill: false,
}));
