/** Callers over WebSockets: commands, answers and numbered events, as `transports/websocket-protocol.ts` has them. */
import type { RawData, WebSocket } from "ws";
import { PROTOCOL_VERSION } from "../transports/websocket-protocol.js";
import { encodeAnswer } from "./answer-text.js";
import { type Authenticate, type Calls, type Session, tokenOf } from "./calls.js";
import { ClientLine } from "./client-line.js";
import type { EventLog, LoggedEvent } from "./event-log.js";

/** How often clients are asked whether they are there, and whether they still may be, in ms. */
export const HEARTBEAT_MS = 25_000;

/** What a message may be at most before it is known who sends it, in bytes. */
const STRANGERS_BYTES = 64 * 1024;

/** Calls of one connection whose answers have not left this process. */
const MOST_CALLS = 1000;

/** From so many unsent bytes on nothing more is read from a client, which could ask for more than it takes. */
const SLOW_BYTES = 1024 * 1024;
/** And from so many on it is given up: its calls came before their answers. */
const LOST_BYTES = 256 * 1024 * 1024;

/** Closing codes of the protocol (RFC 6455). */
const Close = { unsupported: 1003, policy: 1008, tooBig: 1009, away: 1001 };

/** What connections need of their server. */
export interface Connections {
  calls: Calls;
  log: EventLog;
  authenticate: Authenticate;
}

/** One client, from its greeting to its end. Nothing is told to it before it is known who it is. */
export class Connection {
  readonly #line: ClientLine;
  /** Whether it was greeted, and so is told of events. */
  #isTold = false;
  #isAlive = true;
  #pending = 0;
  /** Characters of events that have not left this process. */
  #unsentEvents = 0;
  /** Who is there, once that is found out. */
  #session: Promise<Session>;
  #request: Request;

  /** @param request what the connection began with */
  constructor(
    private readonly socket: WebSocket,
    request: Request,
    private readonly server: Connections,
  ) {
    this.#request = request;
    this.#line = new ClientLine(server.log, {
      send: (event, sent) => this.#sendEvent(eventText(event), sent),
      // Answers do not count: a large one says nothing of how the client reads.
      backlog: () => this.#unsentEvents,
      giveUp: () => socket.terminate(),
    });
    this.#session = this.#signIn();
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
    socket.on("pong", () => {
      this.#isAlive = true;
    });
    socket.on("ping", (data) => {
      this.#isAlive = true;
      if (socket.readyState === socket.OPEN) socket.pong(data, false, () => this.#readOn());
      this.#readNoMore();
    });
    socket.on("close", () => this.#line.stop());
    // Such as a frame that is no WebSocket's: the connection is closed by what comes next.
    socket.on("error", () => socket.terminate());
  }

  /** Ends a connection on which nothing came since the last time, and one whose caller may be there no longer. */
  check(): void {
    if (!this.#isAlive) return this.socket.terminate();
    this.#isAlive = false;
    this.socket.ping();
    if (this.#isTold) this.#session = this.#signIn();
  }

  close(): void {
    this.#line.stop();
    this.socket.close(Close.away, "The server ends");
  }

  /** Ends the connection of a client that does not agree to its end. */
  terminate(): void {
    this.socket.terminate();
  }

  #received(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    const text = isBinary ? "" : String(data);
    if (!this.#isTold && text.length > STRANGERS_BYTES) void this.#receivedLarge(text);
    else this.#receivedText(text);
  }

  /** It may still be found out who sent it. */
  async #receivedLarge(text: string): Promise<void> {
    this.socket.pause();
    const { caller } = await this.#session;
    this.socket.resume();
    if (caller === undefined) this.socket.close(Close.tooBig, "Sign in first");
    else this.#receivedText(text);
  }

  #receivedText(text: string): void {
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return this.socket.close(Close.unsupported, "Messages are JSON objects as text");
    }
    if (typeof message !== "object" || message === null) return;
    const { type, id, channel, command, args, token, session, seq } = message as Record<string, unknown>;
    if (type === "ping") this.#send({ type: "pong" });
    else if (type === "auth" && (token === null || typeof token === "string")) this.#authorise(token);
    else if (type === "resume") void this.#resume(session, seq);
    else if (type === "call" && (typeof id === "string" || typeof id === "number")) {
      void this.#call(id, channel, command, args);
    }
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
    this.#session = this.#signIn(token === null);
  }

  /** @param isLeaving whether the caller signs out, and need not be told that it is signed out */
  async #signIn(isLeaving = false): Promise<Session> {
    const request = this.#request;
    const token = tokenOf(request);
    let caller: Session["caller"];
    try {
      caller = await this.server.authenticate(request);
    } catch {
      // Who cannot be looked up is a stranger.
    }
    const isOver = this.socket.readyState !== this.socket.OPEN;
    if (isOver || request !== this.#request) return { caller, token };
    if (caller !== undefined && !this.#isTold) {
      this.#isTold = true;
      this.#greet(this.server.log.session);
      this.#line.start();
    } else if (caller === undefined && this.#isTold) {
      this.#isTold = false;
      this.#line.stop();
      if (!isLeaving) this.#send({ type: "event", channel: "auth", event: "sessionExpired", data: {} });
    }
    return { caller, token };
  }

  async #resume(session: unknown, seq: unknown): Promise<void> {
    const { caller } = await this.#session;
    if (caller === undefined || !this.#isTold) return;
    const { log } = this.server;
    const missed = log.missedBy(session, seq);
    // The client takes numbers that it has seen for repetitions, so that those which came since the greeting do no harm.
    this.#line.stop();
    this.#greet(missed === undefined ? log.newSession() : String(session));
    this.#line.start(missed);
  }

  async #call(id: string | number, channel: unknown, command: unknown, args: unknown): Promise<void> {
    if (typeof channel !== "string" || typeof command !== "string") {
      const error = "A call names its channel and its command by texts";
      return this.#send({ type: "response", id, error, code: "INVALID_PARAMETERS" });
    }
    if (this.#pending >= MOST_CALLS) {
      const error = `${MOST_CALLS} calls of this connection are not answered yet`;
      return this.#send({ type: "response", id, error, code: "RATE_LIMIT_EXCEEDED" });
    }
    this.#pending++;
    const answer = await this.server.calls.call(await this.#session, channel, command, args);
    const sent = () => this.#pending--;
    if ("result" in answer) this.#answer(id, answer.result, sent);
    else this.#send({ type: "response", id, error: answer.error, code: answer.code }, sent);
  }

  #greet(session: string): void {
    this.#send({ type: "hello", session, version: PROTOCOL_VERSION, heartbeat: HEARTBEAT_MS });
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

  #sendEvent(text: string, sent: () => void): void {
    this.#unsentEvents += text.length;
    this.#sendText(text, () => {
      this.#unsentEvents -= text.length;
      sent();
    });
  }

  #sendText(text: string, sent?: () => void): void {
    const { socket } = this;
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > LOST_BYTES) return socket.terminate();
    socket.send(text, () => {
      sent?.();
      this.#readOn();
    });
    this.#readNoMore();
  }

  #readNoMore(): void {
    if (this.socket.bufferedAmount > SLOW_BYTES) this.socket.pause();
  }

  #readOn(): void {
    if (this.socket.isPaused && this.socket.bufferedAmount <= SLOW_BYTES) this.socket.resume();
  }
}

function eventText({ seq, channel, event, data }: LoggedEvent): string {
  return `{"type":"event","channel":"${channel}","event":"${event}","data":${data},"seq":${seq}}`;
}
