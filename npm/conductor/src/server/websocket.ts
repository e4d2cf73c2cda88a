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

/** Calls of one connection that are not answered. */
const MOST_CALLS = 1000;

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
      send: (event, sent) => this.#sendText(eventText(event), sent),
      backlog: () => socket.bufferedAmount,
      giveUp: () => socket.terminate(),
    });
    this.#session = this.#signIn();
    socket.on("message", (data, isBinary) => this.#received(data, isBinary));
    socket.on("pong", () => {
      this.#isAlive = true;
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

  #received(data: RawData, isBinary: boolean): void {
    this.#isAlive = true;
    const text = isBinary ? "" : String(data);
    if (!this.#isTold && text.length > STRANGERS_BYTES) return this.socket.close(Close.tooBig, "Sign in first");
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
      void this.#call(id, String(channel), String(command), args);
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
    if (request !== this.#request) return { caller, token };
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

  async #call(id: string | number, channel: string, command: string, args: unknown): Promise<void> {
    if (this.#pending >= MOST_CALLS) {
      const error = `${MOST_CALLS} calls of this connection are not answered yet`;
      return this.#send({ type: "response", id, error, code: "RATE_LIMIT_EXCEEDED" });
    }
    this.#pending++;
    try {
      const answer = await this.server.calls.call(await this.#session, channel, command, args);
      if ("result" in answer) this.#answer(id, answer.result);
      else this.#send({ type: "response", id, error: answer.error, code: "code" in answer ? answer.code : undefined });
    } finally {
      this.#pending--;
    }
  }

  #greet(session: string): void {
    this.#send({ type: "hello", session, version: PROTOCOL_VERSION, heartbeat: HEARTBEAT_MS });
  }

  #answer(id: string | number, result: unknown): void {
    let text: string | undefined;
    try {
      text = encodeAnswer(result);
    } catch (error) {
      const { message } = error as Error;
      return this.#send({ type: "response", id, error: message, code: "SERIALIZATION_FAILED" });
    }
    const given = text === undefined ? "" : `,"result":${text}`;
    this.#sendText(`{"type":"response","id":${JSON.stringify(id)}${given}}`);
  }

  #send(message: object): void {
    this.#sendText(JSON.stringify(message));
  }

  #sendText(text: string, sent?: () => void): void {
    if (this.socket.readyState === this.socket.OPEN) this.socket.send(text, sent);
  }
}

function eventText({ seq, channel, event, data }: LoggedEvent): string {
  return `{"type":"event","channel":"${channel}","event":"${event}","data":${data},"seq":${seq}}`;
}
