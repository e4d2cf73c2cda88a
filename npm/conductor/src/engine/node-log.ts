/** What nodes write to the log, for those who keep it. */
import type { LogLine } from "../types/execution-log.js";
import { shortForm } from "./activity.js";
import type { Log, LogLevel } from "./log.js";

/** Characters of one message, and of each detail of it. */
const LONGEST_TEXT = 10_000;
const LONGEST_DETAIL = 1_000;

/** A log that goes on writing to another one, whatever level that is at, and says each message to `keep`. */
export function keptLog(log: Log, keep: (level: LogLine["level"], text: string) => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, ...details: unknown[]) => {
      log[level](message, ...details);
      keep(level, textOf(message, details));
    };
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return Object.freeze(Object.assign(at("info"), levels));
}

/** A log whose messages are written by `write`, whatever calls it. */
export function scopedLog(log: Log, write: (say: () => void) => void): Log {
  const at =
    (level: LogLevel) =>
    (message: string, ...details: unknown[]) =>
      write(() => log[level](message, ...details));
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  return Object.freeze(Object.assign(at("info"), levels));
}

function textOf(message: unknown, details: readonly unknown[]): string {
  const parts = details.map((detail) => (detail instanceof Error ? detail.message : shortForm(detail, LONGEST_DETAIL)));
  const text = [String(message), ...parts].join(" ");
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT - 1)}…`;
}
