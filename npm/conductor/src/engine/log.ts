/** The conductor's own output: quiet below `warn` unless asked for. */

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where messages go, by level; called itself, it is `info`. */
export type Log = Record<LogLevel, (message: string, ...details: unknown[]) => void> &
  ((message: string, ...details: unknown[]) => void);

const LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

const silent = () => {};

/** A log that writes messages of this level and above to the console, as it is when they are written. */
export function createLog(level: LogLevel = "warn"): Log {
  const lowest = LEVELS.indexOf(LEVELS.includes(level) ? level : "warn");
  const at = (name: LogLevel) =>
    LEVELS.indexOf(name) < lowest
      ? silent
      : (message: string, ...details: unknown[]) => globalThis.console[name](message, ...details);
  const levels = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const log = Object.assign((message: string, ...details: unknown[]) => levels.info(message, ...details), levels);
  // Executables are handed it; none may change where the messages of others go.
  return Object.freeze(log);
}
