/** Callers over WebSockets: commands, answers and numbered events, as `transports/websocket-protocol.ts` has them. */
import { messageOf } from "@atomiton/values";
import type { RawData, WebSocket } from "ws";
import { createLog } from "../engine/log.js";
import type { Role } from "../services/declaration.js";
import { PROTOCOL_VERSION, SIGN_IN_FIRST, TOO_BIG } from "../transports/websocket-protocol.js";
import { refusalBeyond } from "./access.js";
import { encodeAnswer } from "./answer-text.js";
import { type Authenticate, type CallResult, type Calls, type Session, tokenOf } from "./calls.js";
import { ClientEventSender } from "./client-event-sender.js";
import type { EventLog, LoggedEvent } from "./event-log.js";
import type { RateGuard } from "./rate-limits.js";
import type { FindMissed, Missed } from "./stored-events.js";

/** How often clients are asked whether they are there, and whether they still may be, in ms. */
export const HEARTBEAT_MS = 25_000;

/** What a message may be at most before it is known who sends it, in bytes. */
export const STRANGERS_BYTES = 64 * 1024;
/** What is kept at most of messages of which the end has not come, until then: one, and as much of the next as comes with it; so much beyond what a caller's role may send. */
const UNREAD_BYTES = 2 * STRANGERS_BYTES;

/** What a client sends around the bytes of a ping or a pong (RFC 6455, 5.2). */
const CONTROL_FRAME_BYTES = 6;

/** How often connections of strangers are looked at, in ms; the third time that nothing is under way on one, it is ended. */
export const STRANGERS_CHECK_MS = 5000;
const MOST_CHECKS = 3;

/** Calls of one connection whose answers have not left this process. */
const MOST_CALLS = 1000;

/** From so many unsent bytes on nothing more is read from a client, which could ask for more than it takes. */
const SLOW_BYTES = 1024 * 1024;
/** And from so many on it is given up: its calls came before their answers. */
const LOST_BYTES = 256 * 1024 * 1024;

/** How long a client that sends too much may take to read why its connection ends, in ms. */
const REASON_MS = 1000;

/** Closing codes of the protocol (RFC 6455). */
const Close = { unsupported: 1003, policy: 1008, tooBig: TOO_BIG, away: 1001, signIn: SIGN_IN_FIRST };

type Refused = Exclude<CallResult, { result: unknown }>;

/** The answer where callers cannot be looked up; the log has the reason where requests fail with it. */
const UNKNOWN_NOW: Refused = {
  error: "The server cannot authenticate callers now",
  code: "INTERNAL_ERROR",
  channelError: true,
};

/** A call as it came, in a message of so many bytes. */
interface SentCall {
  id: string | number;
  channel: unknown;
  command: unknown;
  args: unknown;
  bytes: number;
}

/** What connections need of their server. */
export interface Connections {
  calls: Calls;
  log: EventLog;
  /** Finds out what a client missed. */
  missed: FindMissed;
  authenticate: Authenticate;
  guard: RateGuard;
  /** What a caller of a role may send in one message, in bytes. */
  bodyBytes(role: Role): number;
}

/** One client, from its greeting to its end. Nothing is told to it before it is known who it is. */
export class Connection {
  readonly #sender: ClientEventSender;
  /** Whether it was greeted, and so is told of events. */
  #isTold = false;
  /** The number of the last event before that. */
  #greetedAt = 0;
  #isAlive = true;
  /** Whether the caller signs out, and need not be told that it is signed out. */
  #isLeaving = false;
  #pending = 0;
  #isEnding = false;
  /** Calls that are carried out, and lookups of who is there. */
  #underWay = 0;
  /** How often this was found to be a stranger's connection since it was another one's, or something was under way. */
  #checks = 0;
  /** Bytes that came since the last whole message. */
  #unread = 0;
  /** Whether nothing is read until it is found out who sends. */
  #isHeld = false;
  /** Bytes of events that have not left this process. */
  #unsentEvents = 0;
  /** Why it was not looked up who is there; the next call tries again. */
  #refused: Refused | undefined;
  /** Of whom the request was found to be. */
  #known: Session["caller"];
  /** Who is there, once that is found out. */
  #session: Promise<Session>;
  #request: Request;

  /**
   * @param request what the connection began with
   * @param address of the client, where it is known
   */
  constructor(
    private readonly socket: WebSocket,
    request: Request,
    private readonly server: Connections,
    private readonly address?: string,
  ) {
    this.#request = request;
    this.#sender = new ClientEventSender(server.log, {
      send: (event, sent) => this.#sendEvent(eventBytes(event), sent),
      // Answers do not count: a large one says nothing of how the client reads.
      backlog: () => this.#unsentEvents,
      giveUp: () => socket.terminate(),
    });
    this.#session = this.#signIn();
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
    socket.on("pong", (data) => this.#receivedControl(data));
    socket.on("ping", (data) => {
      this.#receivedControl(data);
      if (socket.readyState === socket.OPEN) socket.pong(data, false, () => this.#readOn());
      this.#readNoMore();
    });
    socket.on("close", () => this.#sender.stop());
    // Such as a frame that is no WebSocket's: the connection is closed by what comes next.
    socket.on("error", () => socket.terminate());
  }

  /** Ends a connection on which nothing came since the last time, and one whose caller may be there no longer. */
  check(): void {
    if (!this.#isAlive) return this.socket.terminate();
    this.#isAlive = false;
    this.socket.ping();
    this.checkCaller();
  }

  /** Ends a connection of which it is not known for a while who is there. */
  checkStranger(): void {
    if (this.#isTold || this.#underWay > 0) this.#checks = 0;
    else if (++this.#checks >= MOST_CHECKS) this.socket.close(Close.signIn, "Sign in first");
  }

  /** So many bytes came, of which messages that are whole were taken already. */
  arrived(bytes: number): void {
    this.#unread += bytes;
    const role = this.#isTold ? this.#known?.role : undefined;
    const most = role === undefined ? 0 : this.server.bodyBytes(role);
    if (this.#isHeld || this.#unread <= most + UNREAD_BYTES) return;
    if (role !== undefined && this.socket.readyState === this.socket.OPEN) {
      return this.#endTooBig(`A message may have ${most} bytes at most`);
    }
    // One that is to agree to its end sends no more than that.
    if (this.socket.readyState === this.socket.OPEN) void this.#isCallers();
    else this.socket.terminate();
  }

  /** Finds out whether its caller is there still. */
  checkCaller(): void {
    if (this.#isTold) this.#session = this.#signIn();
  }

  /** Ends the connection once its calls are answered. What it calls from now on is for the next process: clients come back. */
  end(): void {
    this.#isEnding = true;
    if (this.#pending === 0) this.close();
  }

  close(): void {
    this.#sender.stop();
    this.socket.close(Close.away, "The server ends");
  }

  /** Ends the connection of a client that does not agree to its end. */
  terminate(): void {
    this.socket.terminate();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    this.#unread = 0;
    const text = isBinary ? "" : String(data);
    if (!this.#isTold && text.length > STRANGERS_BYTES) void this.#receivedLarge(text, bytesIn(data));
    else this.#receivedText(text, bytesIn(data));
  }

  /** Pings and pongs may come within a message. */
  #receivedControl({ length }: Buffer): void {
    this.#isAlive = true;
    this.#unread -= length + CONTROL_FRAME_BYTES;
  }

  async #receivedLarge(text: string, bytes: number): Promise<void> {
    if (await this.#isCallers()) this.#receivedText(text, bytes);
  }

  /** Whether something large is of a caller, which may still be found out; a stranger's connection is ended. */
  async #isCallers(): Promise<boolean> {
    this.#isHeld = true;
    this.socket.pause();
    const { caller } = await this.#session;
    this.#isHeld = false;
    if (caller === undefined) {
      this.#endTooBig("Sign in first");
    } else this.#readOn();
    return caller !== undefined;
  }

  /** Ends the connection without reading more of it: to end it at once could take from the client why. */
  #endTooBig(reason: string): void {
    this.#isHeld = true;
    this.#sender.stop();
    this.socket.close(Close.tooBig, reason);
    this.socket.pause();
    setTimeout(() => this.socket.terminate(), REASON_MS).unref();
  }

  #receivedText(text: string, bytes: number): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return this.socket.close(Close.unsupported, "Messages are JSON objects as text");
    }
    if (typeof message !== "object" || message === null) return;
    const { type, id, channel, command, args, token, session, seq } = message as Record<string, unknown>;
    const isCall = type === "call" && (typeof id === "string" || typeof id === "number");
    const limited = this.server.guard.ofAddress(this.address);
    if (limited !== undefined && isCall) return this.#refuse(id, limited);
    // What has no answer cannot be refused.
    if (limited !== undefined) return this.socket.close(Close.policy, limited.error);
    if (type === "ping") this.#send({ type: "pong" });
    else if (type === "auth" && (token === null || typeof token === "string")) this.#authorise(token);
    else if (type === "resume") void this.#resume(session, seq);
    else if (isCall && !this.#isEnding) void this.#call({ id, channel, command, args, bytes });
  }

  #authorise(token: string | null): void {
    const headers = new Headers(this.#request.headers);
    headers.delete("authorization");
    try {
      if (token !== null) headers.set("authorization", `Bearer ${token}`);
    } catch {
      return this.socket.close(Close.policy, "The token holds characters that no token has");
    }
    this.#request = new Request(this.#request.url, { headers });
    this.#known = undefined;
    this.#isLeaving = token === null;
    this.#session = this.#signIn();
  }

  async #signIn(): Promise<Session> {
    this.#underWay++;
    try {
      return await this.#lookUp();
    } finally {
      this.#underWay--;
    }
  }

  async #lookUp(): Promise<Session> {
    const request = this.#request;
    const { address } = this;
    const token = tokenOf(request);
    const before = this.#known;
    let caller = before;
    this.#refused = before === undefined ? this.server.guard.ofUnknown(request, address) : undefined;
    try {
      if (this.#refused === undefined) {
        caller = await this.server.authenticate(request, { address, isAgain: before !== undefined });
        // What is told here is about all executions.
        if (caller?.flows !== undefined) {
          this.#refused = refusalBeyond(caller, "The WebSocket");
          caller = undefined;
        }
      }
    } catch {
      // One that was known stays so until an answer says otherwise.
      if (before === undefined) this.#refused = UNKNOWN_NOW;
    }
    if (caller !== undefined) this.server.guard.isKnown(request);
    else if (token !== undefined && before === undefined && this.#refused === undefined)
      this.server.guard.ofStranger(address);
    const isOver = this.socket.readyState !== this.socket.OPEN;
    if (isOver || request !== this.#request) return { caller, token, address };
    this.#known = caller;
    if (caller !== undefined && !this.#isTold) {
      this.#isTold = true;
      this.#greetedAt = this.server.log.now;
      this.#greet(this.server.log.newSession());
      this.#sender.start();
    } else if (caller === undefined && this.#isTold) {
      this.#isTold = false;
      this.#sender.stop();
      const isLeaving = this.#isLeaving || this.server.calls.hasLeft(token);
      if (!isLeaving) this.#send({ type: "event", channel: "auth", event: "sessionExpired", data: {} });
    }
    return { caller, token, address };
  }

  async #resume(session: unknown, seq: unknown): Promise<void> {
    const { caller } = await this.#session;
    if (caller === undefined || !this.#isTold) return;
    const { log, missed } = this.server;
    const find = await missed(log.positionOf(session, seq)).catch((error): (() => Missed) => {
      createLog().error(`What a client missed could not be read: ${messageOf(error)}`);
      return () => ({ events: [], complete: [] });
    });
    if (!this.#isTold) return;
    // The client holds back what it was sent since the greeting: it takes numbers that it has seen for repetitions, and in a new
    // session it is told of that first.
    this.#sender.stop();
    const { events, complete } = find(this.#greetedAt);
    const [first] = events;
    if (complete === undefined) this.#greet(String(session));
    else this.#greet(log.newSession(first && first.seq - 1), complete);
    this.#sender.start(events);
  }

  async #call({ id, channel, command, args, bytes }: SentCall): Promise<void> {
    if (typeof channel !== "string" || typeof command !== "string") {
      const error = "A call names its channel and its command by texts";
      return this.#send({ type: "response", id, error, code: "INVALID_PARAMETERS" });
    }
    if (this.#pending >= MOST_CALLS) {
      const error = `${MOST_CALLS} calls of this connection are not answered yet`;
      return this.#send({ type: "response", id, error, code: "RATE_LIMIT_EXCEEDED" });
    }
    this.#pending++;
    const sent = () => {
      this.#pending--;
      if (this.#isEnding) this.end();
    };
    if (this.#refused !== undefined) this.#session = this.#signIn();
    const session = await this.#session;
    const refused =
      this.#refused ?? this.server.guard.ofCaller(session.caller, this.address) ?? this.#tooLarge(session, bytes);
    if (refused !== undefined) return this.#refuse(id, refused, sent);
    this.#underWay++;
    const answer = await this.server.calls.call(session, channel, command, args).catch(failedCall);
    this.#underWay--;
    if ("result" in answer) this.#answer(id, answer.result, sent);
    else this.#refuse(id, answer, sent);
  }

  /** Why a message is more than its caller may send at a time; `undefined` where it is not. */
  #tooLarge({ caller }: Session, bytes: number): Refused | undefined {
    const most = caller === undefined ? STRANGERS_BYTES : this.server.bodyBytes(caller.role);
    if (bytes <= most) return undefined;
    return { error: `A message may have ${most} bytes at most`, code: "VALIDATION_FAILED", channelError: true };
  }

  #refuse(id: string | number, refused: Refused, sent?: () => void): void {
    const { error, code } = refused;
    const later = "retryAfter" in refused ? { retryAfter: refused.retryAfter } : {};
    this.#send({ type: "response", id, error, code, ...later }, sent);
  }

  #greet(session: string, complete?: readonly string[]): void {
    const known = complete === undefined ? {} : { complete };
    this.#send({ type: "hello", session, version: PROTOCOL_VERSION, heartbeat: HEARTBEAT_MS, ...known });
  }

  #answer(id: string | number, result: unknown, sent: () => void): void {
    let text: string | undefined;
    try {
      text = encodeAnswer(result);
    } catch (error) {
      const { message } = error as Error;
      return this.#send({ type: "response", id, error: message, code: "SERIALIZATION_FAILED" }, sent);
    }
    const given = text === undefined ? "" : `,"result":${text}`;
    this.#sendText(`{"type":"response","id":${JSON.stringify(id)}${given}}`, sent);
  }

  #send(message: object, sent?: () => void): void {
    this.#sendText(JSON.stringify(message), sent);
  }

  #sendEvent(bytes: Buffer, sent: () => void): void {
    this.#unsentEvents += bytes.length;
    this.#sendText(bytes, () => {
      this.#unsentEvents -= bytes.length;
      sent();
    });
  }

  #sendText(text: string | Buffer, sent?: () => void): void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > LOST_BYTES) return socket.terminate();
    socket.send(text, { binary: false }, () => {
      sent?.();
      this.#readOn();
    });
    this.#readNoMore();
  }

  #readNoMore(): void {
    if (this.socket.bufferedAmount > SLOW_BYTES) this.socket.pause();
  }

  #readOn(): void {
    if (this.socket.isPaused && !this.#isHeld && this.socket.bufferedAmount <= SLOW_BYTES) this.socket.resume();
  }
}

function bytesIn(data: RawData): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}

/** A defect of the server fails one call, not the process with all others. */
function failedCall(error: unknown): CallResult {
  createLog().error(`A call failed: ${messageOf(error)}`);
  return { error: "The server failed; its log has the reason", code: "INTERNAL_ERROR", channelError: true };
}

/** Events as they are sent, made once for all clients. */
const sentBytes = new WeakMap<LoggedEvent, Buffer>();

function eventBytes(event: LoggedEvent): Buffer {
  let bytes = sentBytes.get(event);
  if (bytes === undefined) {
    const { seq, channel, event: name, data } = event;
    bytes = Buffer.from(`{"type":"event","channel":"${channel}","event":"${name}","data":${data},"seq":${seq}}`);
    sentBytes.set(event, bytes);
  }
  return bytes;
}
