/** The commands of a channel, as its service is declared. */
import * as z from "zod";
import { CHANNELS, type Channel, type ChannelCommand } from "../../services/contract.js";
import type { Unsubscribe } from "../../services/declaration.js";
import { issuesOf } from "../../services/schema.js";
import { toBase64 } from "../../types/base64.js";
import { type Keyed, keyedOf } from "../../types/cause.js";
import {
  type ChannelOptions,
  type ChannelServer,
  type CommandHandler,
  type CommandOptions,
  createChannelServer,
  invalidArguments,
  withCode,
} from "../channel-server.js";
import type { IpcHandlers } from "../electron.js";
import { DATA_LIMITS, WORDS_LIMITS } from "../limits.js";
import { issuesText } from "../middleware.js";

/** A handler that checks its argument by itself, instead of by the schema of the command. */
export interface CheckingHandler extends CommandOptions {
  handle: CommandHandler;
}

/** What carries out the commands of a channel. */
export interface Service {
  /** Handlers by command: for those that are no methods, and for methods that are carried out otherwise than by `api`. */
  handlers?: Readonly<Record<string, CommandHandler | CheckingHandler>>;
  /** What has the other methods, by name, and the listeners whose events windows are told; some may be missing. */
  api?: object;
}

const LIMITS = { data: DATA_LIMITS, words: WORDS_LIMITS };

/**
 * Serves a declared channel: every command of it, with arguments that its schema accepts, within the limits of its size,
 * and every event that `api` tells of.
 * A command that nothing carries out answers with `IMPLEMENTATION_NOT_FOUND`.
 */
export function serveChannel(
  name: string,
  ipcMain: IpcHandlers,
  { handlers = {}, api = {} }: Service,
  options: ChannelOptions,
  channel: Channel = declared(name),
): ChannelServer {
  const { size, commands, events } = channel;
  const server = createChannelServer(name, ipcMain, { limits: LIMITS[size], ...options });
  const undeclared = Object.keys(handlers).find((command) => !commands.has(command));
  if (undeclared !== undefined) throw new Error(`The command ${name}.${undeclared} is not declared`);
  for (const [command, declaration] of commands) {
    const given = handlers[command] ?? calling(`${name}.${command}`, declaration.method ?? command, declaration, api);
    if (typeof given === "function") server.handle(command, checked(command, declaration, given));
    else server.handle(command, given.handle, given);
  }
  const ends = [...events].map(([event, { listener = "" }]) =>
    (api as Partial<Record<string, Listen>>)[listener]?.((data) => server.broadcast(event, data)),
  );
  return {
    ...server,
    dispose() {
      for (const end of ends) end?.();
      server.dispose();
    },
  };
}

type Listen = (callback: (event: unknown) => void) => Unsubscribe;

/** A channel; that it is declared is up to this package. */
export function declared(name: string) {
  const channel = CHANNELS.get(name);
  if (channel === undefined) throw new Error(`The channel ${name} is not declared`);
  return channel;
}

/** A handler that is only called with arguments that the schema accepts, as the schema reads them. */
function checked(command: string, { schema: make }: ChannelCommand, handler: CommandHandler): CommandHandler {
  if (make === undefined) return handler;
  const schema = make(z);
  return (args, event) => {
    const issues = issuesOf(schema, args);
    if (issues.length > 0) throw invalidArguments(command, issuesText(issues));
    const read = schema.parse(args);
    const keyed = (args as Keyed | null | undefined)?.[keyedOf];
    // It is no part of what callers send.
    return handler(keyed === undefined ? read : { ...(read as object), [keyedOf]: keyed }, event);
  };
}

/** Calls a method with the arguments that were sent for it. */
function calling(name: string, method: string, { wire, answers }: ChannelCommand, api: object): CommandHandler {
  const methods = api as Record<string, ((...args: unknown[]) => unknown) | undefined>;
  return (args) => {
    if (typeof methods[method] === "function") {
      const answer = methods[method](...(wire?.receive(args) ?? []));
      return answers === "bytes" ? Promise.resolve(answer as Uint8Array).then(toBase64) : answer;
    }
    throw withCode("IMPLEMENTATION_NOT_FOUND", `${name} is not implemented by what this application serves`);
  };
}
