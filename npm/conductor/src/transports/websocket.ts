/** Reaches a server by one WebSocket: commands and events. `websocket-protocol.ts` says what goes over it. */
import type { RequestResult } from "../types/request.js";
import type { HealthResult, RemoteTransport } from "../types/transport.js";
import { checkedAddress } from "./address.js";
import { awaitsExecution, CALL_TIMEOUT, EXECUTION_TIMEOUT, startDeadline } from "./deadline.js";
import { answeredError, TransportError } from "./failure.js";
import { encode } from "./json.js";
import { Listeners } from "./listeners.js";
import { type Backoff, Connection, type WebSocketClass } from "./websocket-connection.js";
import type { ClientMessage, ResponseMessage } from "./websocket-protocol.js";
import { type Gap, Sequence } from "./websocket-sequence.js";

export type { Backoff, Gap, WebSocketClass };

/** Settings of a WebSocket transport. */
export interface WebSocketTransportOptions {
  /** `ws:` or `wss:`, without credentials and query. */
  url: string;
  /** Such as the global one of browsers and Node 22. */
  WebSocket: WebSocketClass;
  /** Asked before each message; sent on the connection, never in the address. */
  token?: () => string | undefined;
  /**
   * Calls back when the token may have become another one: it is then said at once, not only before the next message.
   * Ends with what it returns.
   */
  onTokenChange?: (listener: () => void) => () => void;
  /** For an answer, in ms; 0 for none. Default 30000, for executions 300000 once they are sent. */
  timeout?: number;
  /** The longest time between two pings in ms, where the server answers them; 0 for none. Default 30000. */
  heartbeat?: number;
  backoff?: Backoff;
  /** Gives the chance in the backoff. Default `Math.random`. */
  random?: () => number;
  /** Calls that may wait for a connection. Default 1000. */
  queueLimit?: number;
}

/** See `createWebSocketTransport`. */
export interface WebSocketTransport extends RemoteTransport {
  readonly type: "websocket";
  health(): Promise<HealthResult>;
}

/** Messages of so many characters are small to any server, so that they are not what it took for too large beside a larger one. */
const SMALL_MESSAGE = 65_536;

/** Whether a connection ended by a message that is too large, which to send again does not help. */
const isTooBig = ({ code }: TransportError) => code === "VALIDATION_FAILED";

interface Call {
  id: string;
  text: string;
  /** For the end of an execution once it is sent, in ms; else there is one deadline from the beginning. */
  executionTimeout: number | undefined;
  endDeadline: () => void;
  resolve: (result: unknown) => void;
  reject: (error: TransportError) => void;
}

/**
 * A transport over one WebSocket, which is opened at first use, shared by all calls and listeners, and replaced when it
 * is lost while there are listeners or calls that wait. Calls made meanwhile wait their turn. Rejects with `TRANSPORT_ERROR` (the
 * connection was lost after the call was sent, so that it is unknown whether it ran; too many calls wait; or the error
 * that the server answered with, unless it names a code), `TIMEOUT`, `SERIALIZATION_FAILED` (before anything is sent),
 * and after `shutdown` with `CANCELLED` (what was pending) and `NO_TRANSPORT`.
 *
 * Listeners of `("transport", "gap")` are called with a `Gap` when events may have been missed. An open connection keeps
 * a Node process alive until `shutdown`.
 */
export function createWebSocketTransport(options: WebSocketTransportOptions): WebSocketTransport {
  const { queueLimit = 1000 } = options;
  if (typeof options.WebSocket !== "function") {
    throw new TransportError("NO_TRANSPORT", "There is no WebSocket here; pass the class of one as `WebSocket`");
  }
  const queued = new Map<string, Call>();
  const sent = new Map<string, Call>();
  const listeners = new Listeners();
  /** Apart from the others, so that no server can tell of gaps. */
  const gapListeners = new Listeners();
  let count = 0;
  let end: Promise<void> | undefined;
  /** Settles when the first connection is open, or could not be made. Later ones are told what was missed. */
  let attempted = () => {};
  const firstAttempt = new Promise<void>((resolve) => {
    attempted = resolve;
  });

  const connection = new Connection({
    url: checkedAddress(options.url, ["ws:", "wss:"]),
    WebSocket: options.WebSocket,
    token: options.token ?? (() => undefined),
    onTokenChange: options.onTokenChange ?? (() => () => {}),
    heartbeat: options.heartbeat ?? 30_000,
    backoff: options.backoff ?? {},
    random: options.random ?? Math.random,
    isWanted: () => queued.size > 0 || listeners.size > 0,
    isAwaited: () => queued.size > 0,
    onOpen() {
      sequence.opened();
      for (const call of [...queued.values()]) if (!transmit(call)) break;
      attempted();
    },
    onMessage(message) {
      if (message.type === "response") answered(message);
      else if (message.type === "event") sequence.event(message);
      else if (message.type === "hello") sequence.hello(message.session, message.complete);
    },
    onLost(cause) {
      sequence.lost();
      attempted();
      const largest = Math.max(...Array.from(sent.values(), ({ text }) => text.length));
      for (const call of [...sent.values()]) {
        const mayBeTooBig = call.text.length === largest || call.text.length > SMALL_MESSAGE;
        if (isTooBig(cause) && mayBeTooBig) settle(call).reject(cause);
        else {
          settle(call).reject(
            new TransportError("TRANSPORT_ERROR", `${cause.message} before the answer came`, {
              cause,
              uncertain: true,
            }),
          );
        }
      }
    },
  });

  const sequence = new Sequence({
    deliver: (event) => listeners.emit(event.channel, event.event, event.data),
    onGap: (gap) => gapListeners.emit("transport", "gap", gap),
    send: (message) => connection.send(message),
  });

  function transmit(call: Call): boolean {
    if (!connection.sendText(call.text)) return false;
    queued.delete(call.id);
    sent.set(call.id, call);
    if (call.executionTimeout !== undefined) startTimer(call, call.executionTimeout, "Execution timeout");
    return true;
  }

  function answered(message: ResponseMessage): void {
    const call = sent.get(message.id);
    // Too late, or meant for another client.
    if (call === undefined) return;
    const { resolve, reject } = settle(call);
    if (message.error === undefined || message.error === null) resolve(message.result);
    else reject(answeredError(message, "TRANSPORT_ERROR"));
  }

  /** Nothing is waited for any more. */
  function settle(call: Call): Call {
    call.endDeadline();
    queued.delete(call.id);
    sent.delete(call.id);
    return call;
  }

  function call(channel: string, command: string, args?: unknown, signal?: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (end !== undefined) throw new TransportError("NO_TRANSPORT", "The WebSocket transport was shut down");
      const id = `call_${++count}`;
      const text = encode({ type: "call", id, channel, command, args } satisfies ClientMessage) as string;
      const executionTimeout = awaitsExecution(channel, command) ? (options.timeout ?? EXECUTION_TIMEOUT) : undefined;
      const made: Call = { id, text, executionTimeout, endDeadline: () => {}, resolve, reject };
      const isSent = transmit(made);
      if (isSent && executionTimeout !== undefined) return;
      if (!isSent && queued.size >= queueLimit) {
        throw new TransportError("TRANSPORT_ERROR", `More than ${queueLimit} calls wait for the WebSocket`);
      }
      startTimer(made, options.timeout ?? CALL_TIMEOUT, "Request timeout", signal);
      if (isSent) return;
      queued.set(id, made);
      connection.open();
    });
  }

  function startTimer(call: Call, ms: number, late: string, signal?: AbortSignal): void {
    call.endDeadline();
    const end = (error = new TransportError("TIMEOUT", late, { uncertain: sent.has(call.id) })) =>
      settle(call).reject(error);
    call.endDeadline = startDeadline(ms, end, signal);
  }

  return {
    type: "websocket",
    call,
    async execute(request) {
      return (await call("conductor", "execute", request)) as RequestResult;
    },
    listen(channel, event, callback) {
      if (end !== undefined) return () => {};
      if (channel === "transport") return gapListeners.add(channel, event, callback);
      const unsubscribe = listeners.add(channel, event, callback);
      connection.open();
      return unsubscribe;
    },
    async listening() {
      if (connection.isConnecting) await firstAttempt;
    },
    async health() {
      return (await call("system", "health")) as HealthResult;
    },
    shutdown() {
      if (end !== undefined) return end;
      attempted();
      end = connection.close();
      sequence.lost();
      listeners.clear();
      gapListeners.clear();
      for (const call of [...queued.values(), ...sent.values()]) {
        settle(call).reject(new TransportError("CANCELLED", "The WebSocket transport was shut down"));
      }
      return end;
    },
  };
}
