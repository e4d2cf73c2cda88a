/** How a service is declared: the methods that callers hold, the commands and events they travel as, and who may use them. */
import type { ZodType } from "zod";

/** zod, handed in by the code that checks arguments: a declaration needs only its types, so that pages do without it. */
export type Zod = typeof import("zod");

/** The least a caller must be allowed: to look, to run, to change flows, or to administer the application. */
export type Role = "viewer" | "runner" | "editor" | "admin";

/** How much a call may carry: a few `words` (64 KiB, 16 levels) or `data` (16 MiB, 256 levels). */
export type CallSize = "words" | "data";

/** Ends a subscription. */
export type Unsubscribe = () => void;

/** How the arguments of a method stand in the one argument of its command. */
export interface Wire {
  // biome-ignore lint/suspicious/noExplicitAny: each method has arguments of its own.
  send(...args: any[]): unknown;
  /** The arguments again, of what the schema accepted. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  receive(sent: any): unknown[];
}

/** A command of a channel. */
export interface Command {
  role: Role;
  /** Whether who is not signed in may call it at a server as well. */
  isForStrangers?: true;
  /** Default: no argument. */
  wire?: Wire;
  /** Accepts the argument of the command; without it the handler checks the argument itself. */
  schema?: (z: Zod) => ZodType;
  /** Whether it is answered only when an execution is over. */
  awaitsExecution?: true;
  /**
   * How its answer is read: as `nothing`, as a `list`, empty for any other answer, or as `bytes`, which travel as text in base64.
   * Default: as it is.
   */
  answers?: "nothing" | "list" | "bytes";
}

/** A method of a service: by default the command of the same name in the channel of its service. */
export interface Method extends Command {
  /** The command of another name, or of another channel as `["node", "execute"]`. */
  command?: string | readonly [channel: string, command: string];
  /**
   * Which targets a conductor asks, where executions may go on at several: the `current` one, which is the default,
   * `everywhere` for all that may know the execution, or as its router does it.
   */
  targets?: "current" | "everywhere" | "router";
}

/** An event of a channel, and the method that listens to it. */
export interface Subscription {
  event: string;
  role: Role;
  /** Whether it is about executions, which may go on at a target that calls no longer go to. */
  ofExecutions?: true;
  /** Whether it may carry nothing; of other events, one that carries no object is dropped. */
  mayBeEmpty?: true;
}

/** What an API calls its methods that listen. */
type ListenerName<Api> = Extract<keyof Api, `on${string}`>;

/** A service: its entry declares every method and every event of its API. */
export interface Declaration<Api> {
  channel: string;
  /** What a caller lacks where there is no transport, such as `storage operations`. */
  subject: string;
  size: CallSize;
  methods: { readonly [Name in Exclude<keyof Api, ListenerName<Api>>]: Method };
  events: { readonly [Name in ListenerName<Api>]: Subscription };
  /** Commands that only the wire has. */
  commands?: Readonly<Record<string, Command>>;
  /** Events that only the wire has. */
  notices?: Readonly<Record<string, Pick<Subscription, "role">>>;
  /** Messages that are not answered. */
  messages?: Readonly<Record<string, Command>>;
}

/** One argument, as it is. */
export const whole: Wire = { send: (value) => value, receive: (sent) => [sent] };

/** Arguments under names: `named("id")` sends `{ id }`. */
export function named(...names: readonly string[]): Wire {
  return {
    send: (...args) => Object.fromEntries(names.map((name, index) => [name, args[index]])),
    receive: (sent) => names.map((name) => sent[name]),
  };
}
