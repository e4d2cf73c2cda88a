/** The channel over which pages write to the application's log. */
import * as z from "zod";
import { createLog } from "../../engine/log.js";
import { issuesOf } from "../../services/schema.js";
import type { HealthResult } from "../../types/transport.js";
import type { ChannelOptions } from "../channel-server.js";
import type { IpcMessageEventLike, IpcMessages } from "../electron.js";
import { WORDS_LIMITS } from "../limits.js";
import { payloadProblem } from "../payload.js";
import { createSenderPolicy } from "../sender.js";
import { declared } from "./serve.js";

/** Levels of messages. */
export type LoggerLevel = "debug" | "info" | "warn" | "error";

/** Where messages go. */
export type Logger = Record<LoggerLevel, (message: string, ...details: unknown[]) => void> & {
  /** A logger of its own for one part of the application. */
  scope?(name: string): Record<LoggerLevel, (message: string, ...details: unknown[]) => void>;
};

/** What the channel needs. */
export interface LoggerChannelDependencies {
  /** Default: the console, from `warn` on. */
  logger?: Logger;
}

/** The channel. It answers nothing. */
export interface LoggerChannelServer {
  readonly name: "logger";
  health(): Promise<HealthResult>;
  dispose(): void;
}

const MESSAGE = "logger:log";

/** A message, as it is declared. */
interface LogMessage {
  level: LoggerLevel;
  scope?: string | null;
  message: string;
  meta?: unknown;
}

/**
 * Receives `logger:log { level, scope?, message, meta?, timestamp? }`. What is no such message is dropped.
 *
 * @param dependencies the logger, by itself or as `logger`
 */
export function createLoggerChannelServer(
  ipcMain: IpcMessages,
  dependencies: Logger | LoggerChannelDependencies = {},
  { sender = createSenderPolicy(), limits = WORDS_LIMITS }: Pick<ChannelOptions, "sender" | "limits"> = {},
): LoggerChannelServer {
  const logger: Logger = "error" in dependencies ? dependencies : (dependencies.logger ?? createLog());
  const schema = declared("logger").messages.get("log")?.schema?.(z) ?? z.never();
  const receive = (event: IpcMessageEventLike, given: unknown) => {
    try {
      if (sender.refusal(event) !== undefined || payloadProblem(given, limits) !== undefined) return;
      if (issuesOf(schema, given).length > 0) return;
      const { level, scope, message, meta } = given as LogMessage;
      const target = scope && logger.scope !== undefined ? logger.scope(scope) : logger;
      const text = scope && logger.scope === undefined ? `[${scope}] ${message}` : message;
      if (meta === undefined) target[level](text);
      else target[level](text, meta);
    } catch {
      // A logger that fails has nowhere to say so, and must not end the process.
    }
  };
  ipcMain.on(MESSAGE, receive);
  return {
    name: "logger",
    health: async () => ({ status: "ok", timestamp: Date.now() }),
    dispose() {
      ipcMain.removeListener(MESSAGE, receive);
    },
  };
}
