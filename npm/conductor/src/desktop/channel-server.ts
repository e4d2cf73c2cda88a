/** One channel: commands that pages call, and events that windows are told of. */
import { messageOf } from "@atomiton/values";
import { createLog } from "../engine/log.js";
import { type ErrorCode, isErrorCode } from "../types/errors.js";
import { sendable } from "./cloneable.js";
import type { IpcEventLike, IpcHandlers, WindowLike } from "./electron.js";
import { DATA_LIMITS, type PayloadLimits } from "./limits.js";
import { payloadProblem } from "./payload.js";
import { createSenderPolicy, type SenderPolicy } from "./sender.js";
import { WindowList } from "./windows.js";

/** Carries out a command. What it throws becomes the error of the answer. */
// biome-ignore lint/suspicious/noExplicitAny: arguments come from a page; a handler says what it takes and checks it.
export type CommandHandler = (args: any, event: IpcEventLike) => unknown;

/** Stands around handlers: gives a handler that calls the next one, or does not. */
export type Middleware = (next: CommandHandler, command: string) => CommandHandler;

/** What a call is answered with. */
export type CallAnswer = { result: unknown } | { error: string; code?: ErrorCode; channelError: true };

/** Settings of a channel. */
export interface ChannelOptions {
  /** The first one is the outermost. */
  middleware?: readonly Middleware[];
  /** Who may call. Default: pages of the application itself. */
  sender?: SenderPolicy;
  /** What arguments may be at most. Default: 16 MiB, 256 levels. */
  limits?: PayloadLimits;
}

/** Settings of one command. */
export interface CommandOptions {
  /** The result for arguments that are over the limits. Default: an error. */
  refused?(problem: string): unknown;
  /** The handler sees to it that its result can be cloned. */
  plain?: boolean;
}

/** The server side of a channel. */
export interface ChannelServer {
  readonly name: string;
  /** Answers a command; a later handler of the same command takes its place. */
  handle(command: string, handler: CommandHandler, options?: CommandOptions): void;
  /** Tells all tracked windows. */
  broadcast(event: string, data?: unknown): void;
  /** Whether any window is tracked. */
  isHeard(): boolean;
  /** From now on a window is told of events, until it is closed. What is returned ends that. */
  trackWindow(window: WindowLike): () => void;
  /** Removes the handler and forgets all commands and windows. */
  dispose(): void;
}

const LONGEST_NAME = 100;

/**
 * Serves a channel: answers `invoke("<name>:call", command, args)` with `{ result }` or `{ error, channelError: true }`,
 * and sends `<name>:event:<event>`. A call is never rejected.
 */
export function createChannelServer(name: string, ipcMain: IpcHandlers, options: ChannelOptions = {}): ChannelServer {
  const { middleware = [], sender = createSenderPolicy(), limits = DATA_LIMITS } = options;
  const commands = new Map<string, CommandHandler>();
  const windows = new WindowList(sender, createLog());
  const call = `${name}:call`;
  let open = true;

  ipcMain.handle(call, async (event, command, args): Promise<CallAnswer> => {
    try {
      const refusal = sender.refusal(event);
      if (refusal !== undefined) return refusedCall(refusal);
      const handler = typeof command === "string" ? commands.get(command) : undefined;
      if (handler === undefined) return failed(`No handler for method: ${nameOf(command)}`);
      return { result: await handler(args, event) };
    } catch (error) {
      return failed(messageOf(error), codeOf(error));
    }
  });

  return {
    name,
    handle(command, handler, { refused, plain = false } = {}) {
      const limited: CommandHandler = (args, event) => {
        const problem = payloadProblem(args, limits);
        if (problem === undefined) return handler(args, event);
        if (refused !== undefined) return refused(problem);
        throw invalidArguments(command, problem);
      };
      const checked = plain ? limited : cloneable(limited, `${name}.${command}`);
      commands.set(
        command,
        middleware.reduceRight((next, around) => around(next, command), checked),
      );
    },
    broadcast(event, data) {
      if (windows.size > 0) windows.send(`${name}:event:${event}`, data);
    },
    isHeard: () => windows.size > 0,
    trackWindow: (window) => (open ? windows.track(window) : () => {}),
    dispose() {
      if (!open) return;
      open = false;
      ipcMain.removeHandler(call);
      commands.clear();
      windows.clear();
    },
  };
}

/** The error for arguments that a command cannot be called with. */
export function invalidArguments(command: string, problem: string): Error {
  return withCode("VALIDATION_FAILED", `Invalid ${command} parameters: ${problem}`);
}

/** An error that names its code to the page. */
export function withCode(code: ErrorCode, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** The answer to a page that may not call: calling again does not help it. */
export function refusedCall(refusal: string): CallAnswer {
  return failed(refusal, "VALIDATION_FAILED");
}

/** Of what a page sends in the place of a name, only a name is repeated, and not at any length. */
function nameOf(command: unknown): string {
  return typeof command === "string" ? command.slice(0, LONGEST_NAME) : typeof command;
}

function failed(error: string, code?: ErrorCode): CallAnswer {
  return { error, ...(code !== undefined && { code }), channelError: true };
}

function codeOf(error: unknown): ErrorCode | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code } = error as { code?: unknown };
  return isErrorCode(code) ? code : undefined;
}

function cloneable(handler: CommandHandler, name: string): CommandHandler {
  return async (args, event) => {
    const { value, problem } = sendable(await handler(args, event), "result");
    if (problem === undefined) return value;
    throw withCode("SERIALIZATION_FAILED", `The result of ${name} cannot be sent to another process: ${problem}`);
  };
}
