/**
 * What a client and a server say to each other over a WebSocket. Version 1.
 *
 * Every message is one JSON object in one text frame, told apart by `type`. Either side ignores types and fields that it
 * does not know. Of all that follows a server needs only `call`, `response` and `event`.
 *
 * Commands
 *
 *     client  { type: "call", id: string, channel: string, command: string, args?: any }
 *     server  { type: "response", id: string, result?: any }
 *     server  { type: "response", id: string, error: any, code?: string }
 *
 * Calls are answered in any order; an `id` is used once for each client. `error` is a text for people, `code` one of the
 * error codes. Over the same connection go `("conductor", "execute", request)`, which runs a stored flow, and whatever
 * channels the server has. When the connection ends before the answer, the client takes the call for failed. Whether the
 * execution began it then asks with `("node", "attach", executionId)`, which is answered with the result, now or when it
 * is there, or with the code `NODE_NOT_FOUND`. Only in that case, or if the server has no such command, the client repeats
 * the call with a new `id`; executions have an `executionId` in their arguments by which the server knows them again.
 *
 * On a message that is larger than the client may send, a server may end the connection with the code 1009, and the reason for people as
 * its reason. The client then takes the largest of the calls that are not answered, and those of more than 65,536 characters, for refused,
 * and does not repeat them.
 *
 * Who is asking
 *
 *     client  { type: "auth", token: string | null }
 *
 * First on each connection, if there is a token, and at once, at the latest before the next call, when it has become
 * another one; `null` once the token is gone. Not answered: calls that are not allowed are answered with an error. Tokens never stand
 * in the address. A server may end a connection on which it does not learn for a while who is asking, with the code 4401; to come
 * back at once is allowed.
 *
 * Events
 *
 *     server  { type: "event", channel: string, event: string, data?: any, seq?: number }
 *
 * The channel `transport` belongs to the client: events of it that a server sends are ignored.
 *
 * Greeting and heartbeats
 *
 *     server  { type: "hello", session: string, heartbeat?: number, version?: 1 }
 *     either  { type: "ping" }
 *     either  { type: "pong" }
 *
 * A server that numbers its events greets first of all on each connection; `session` names the sequence that the numbers
 * belong to. Only if the greeting has a `heartbeat` (ms, at least 1000) the client sends a `ping` that often, or more
 * often. If then nothing at all arrives until the next is due, it takes the connection for dead. The side that gets a `ping`
 * answers with a `pong`.
 *
 * Resuming
 *
 *     client  { type: "resume", session: string, seq: number }
 *     server  { type: "hello", session: string, complete?: string[], … }
 *
 * `seq` counts up within a session; numbers may be left out. A client that was connected before answers the
 * greeting with the session it had and the last number it saw. If the server still has all that came after, its second
 * greeting names that session, and it sends all events with higher numbers, those included that it has sent on this
 * connection already; then it goes on. If not, its second greeting names a new session (that of the first will do) whose
 * numbers start over; what was sent on this connection since the first greeting counts as the new session's. The client
 * then tells its listeners of `("transport", "gap")` that events are missing. `complete` names channels of which none is missing all the
 * same, because the server tells of them what happened meanwhile, in the new session: those of executions that a store keeps, after
 * a restart. There it may tell something twice. The client does the same when there is no second
 * greeting within 10 s. Numbers that are not above the last one are dropped as repetitions.
 */
export const PROTOCOL_VERSION = 1;

/** The code with which a server ends a connection of which it did not learn who is there. */
export const SIGN_IN_FIRST = 4401;

/** The code with which a connection ends on which a message came that is too large (RFC 6455). */
export const TOO_BIG = 1009;

/** How long the greeting, and the answer to `resume`, may take in ms. */
export const RESUME_TIMEOUT = 10_000;

/** Shorter ones, in ms, would be a burden. */
export const SHORTEST_HEARTBEAT = 1000;

/** What a client sends. */
export type ClientMessage =
  | { type: "call"; id: string; channel: string; command: string; args?: unknown }
  | { type: "auth"; token: string | null }
  | { type: "resume"; session: string; seq: number }
  | { type: "ping" }
  | { type: "pong" };

/** The answer to a call. */
export interface ResponseMessage {
  type: "response";
  id: string;
  result?: unknown;
  error?: unknown;
  code?: unknown;
}

/** An event of a channel. */
export interface EventMessage {
  type: "event";
  channel: string;
  event: string;
  data?: unknown;
  seq?: number;
}

/** The greeting of a server. */
export interface HelloMessage {
  type: "hello";
  session: string;
  heartbeat?: number;
  version?: number;
  /** In the second greeting, with a new session: the channels of which nothing is missing all the same. */
  complete?: unknown;
}

/** What a server sends. */
export type ServerMessage = ResponseMessage | EventMessage | HelloMessage | { type: "ping" } | { type: "pong" };

/** What a server says; nothing where it is not said as above. */
export function parseServerMessage(frame: unknown): ServerMessage | undefined {
  if (typeof frame !== "string") return undefined;
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const message = value as Partial<Record<string, unknown>>;
  const valid =
    message.type === "response"
      ? typeof message.id === "string"
      : message.type === "event"
        ? typeof message.channel === "string" && typeof message.event === "string" && isCount(message.seq)
        : message.type === "hello"
          ? typeof message.session === "string"
          : message.type === "ping" || message.type === "pong";
  return valid ? (value as ServerMessage) : undefined;
}

function isCount(seq: unknown): boolean {
  return seq === undefined || (typeof seq === "number" && Number.isSafeInteger(seq) && seq >= 0);
}
