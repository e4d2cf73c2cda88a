/** One WebSocket that comes back: opened when needed, watched, replaced when it is lost. */
import { TransportError } from "./failure.js";
import {
  type ClientMessage,
  parseServerMessage,
  type ServerMessage,
  SHORTEST_HEARTBEAT,
  SIGN_IN_FIRST,
  TOO_BIG,
} from "./websocket-protocol.js";

/** What is used of a WebSocket. */
export interface WebSocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  /** Of the `ws` package: ends without a closing handshake. */
  terminate?: () => void;
}

/** The class of WebSockets, as browsers, Node 22 and the `ws` package have it. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/** Waits between attempts to connect. */
export interface Backoff {
  /** Before the first further attempt, in ms; doubles. Default 500. */
  first?: number;
  /** The longest, in ms. Default 30000. */
  max?: number;
  /** Which part of a wait is left to chance, 0–1, so that clients do not all come back at once. Default 0.5. */
  jitter?: number;
}

/** What a connection is given. */
export interface ConnectionOptions {
  url: string;
  WebSocket: WebSocketClass;
  token: () => string | undefined;
  /** Calls back when the token may have become another one. Ends with what it returns. */
  onTokenChange: (listener: () => void) => () => void;
  /** The longest time between two pings, in ms; 0 for none. */
  heartbeat: number;
  backoff: Backoff;
  /** From 0 to below 1. */
  random: () => number;
  /** Whether a lost connection is to be replaced. */
  isWanted: () => boolean;
  /** Whether a call waits for an answer; only then a wait keeps the process alive. */
  isAwaited: () => boolean;
  onOpen: () => void;
  onMessage: (message: ServerMessage) => void;
  /** The connection was lost, or there was none at all. */
  onLost: (error: TransportError) => void;
}

/** How long connecting may take, in ms. */
const CONNECT_TIMEOUT = 10_000;
/** How long the other side may take to agree to the end, in ms. */
const CLOSE_TIMEOUT = 1000;
/** `readyState` of a WebSocket that is open. */
const OPEN = 1;

type Timer = ReturnType<typeof setTimeout> & { ref?: () => void; unref?: () => void };

/** One WebSocket that is opened when it is needed, and replaced when it is lost. */
export class Connection {
  readonly #options: ConnectionOptions;
  #socket: WebSocketLike | undefined;
  #isOpen = false;
  #ended = false;
  /** Attempts in a row after which nothing was heard. */
  #failures = 0;
  #wait: Timer | undefined;
  #connecting: Timer | undefined;
  #heartbeat: Timer | undefined;
  #heard = false;
  #sentToken: string | undefined;
  #endTokens: (() => void) | undefined;
  #warned = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Whether it is not known yet if the other side answers. */
  get isConnecting(): boolean {
    return this.#socket !== undefined && !this.#isOpen;
  }

  /** Connects, unless that is under way; after a failure not before its time. */
  open(): void {
    if (this.#ended || this.#socket !== undefined) return;
    if (this.#wait !== undefined) {
      if (this.#options.isAwaited()) this.#wait.ref?.();
      return;
    }
    this.#connect();
  }

  /** Whether it could be sent. */
  send(message: ClientMessage): boolean {
    return this.sendText(JSON.stringify(message));
  }

  /** Sends a message that is JSON already. */
  sendText(text: string): boolean {
    const socket = this.#socket;
    if (socket === undefined || !this.#isOpen || socket.readyState !== OPEN) return false;
    try {
      this.#authenticate(socket);
      socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  /** Ends the connection for good. Resolves when it is closed, at the latest after a second. */
  close(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#wait);
    this.#wait = undefined;
    const socket = this.#release();
    if (socket === undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        forget(socket);
        resolve();
      };
      const timer = setTimeout(() => {
        socket.terminate?.();
        end();
      }, CLOSE_TIMEOUT);
      socket.onclose = end;
      socket.close(1000);
    });
  }

  #connect(): void {
    this.#wait = undefined;
    let socket: WebSocketLike;
    try {
      socket = new this.#options.WebSocket(this.#options.url);
    } catch (cause) {
      this.#lose("The WebSocket cannot be opened", cause);
      return;
    }
    this.#socket = socket;
    this.#connecting = setTimeout(() => this.#lose("Connecting the WebSocket took too long"), CONNECT_TIMEOUT);
    let cause: unknown;
    socket.onopen = () => this.#opened(socket);
    socket.onmessage = (event: { data: unknown }) => this.#received(event.data);
    socket.onerror = (event: { error?: unknown }) => {
      cause = event?.error;
    };
    socket.onclose = (event: { code?: number; reason?: string }) => {
      // It works: a person who takes time to sign in must not wait for it then.
      if (event?.code === SIGN_IN_FIRST) this.#failures = 0;
      if (event?.code === TOO_BIG) {
        const reason = event.reason || "The server closed the WebSocket (1009): a message is larger than it takes";
        return this.#loseBy(new TransportError("VALIDATION_FAILED", reason, { answered: true }));
      }
      this.#lose(`The WebSocket was closed${event?.code ? ` (${event.code})` : ""}`, cause);
    };
  }

  #opened(socket: WebSocketLike): void {
    clearTimeout(this.#connecting);
    this.#isOpen = true;
    this.#sentToken = undefined;
    this.#endTokens = this.#options.onTokenChange(() => this.#reauthenticate());
    this.#authenticate(socket);
    this.#options.onOpen();
  }

  #authenticate(socket: WebSocketLike): void {
    const token = this.#token();
    if (token === this.#sentToken) return;
    socket.send(JSON.stringify({ type: "auth", token: token ?? null } satisfies ClientMessage));
    this.#sentToken = token;
  }

  /** Who only listens sends nothing by which the other side would learn who it is. */
  #reauthenticate(): void {
    const socket = this.#socket;
    if (socket === undefined || !this.#isOpen || socket.readyState !== OPEN) return;
    try {
      this.#authenticate(socket);
    } catch {
      // Tried again before the next message, or on the next connection.
    }
  }

  /** Where the token cannot be had, none is sent: the server will say what is not allowed without. */
  #token(): string | undefined {
    try {
      return this.#options.token() || undefined;
    } catch {
      return undefined;
    }
  }

  #received(frame: unknown): void {
    this.#heard = true;
    this.#failures = 0;
    const message = parseServerMessage(frame);
    if (message === undefined) return this.#warn();
    if (message.type === "ping") this.send({ type: "pong" });
    else if (message.type !== "pong") {
      if (message.type === "hello") this.#beat(message.heartbeat);
      this.#options.onMessage(message);
    }
  }

  /** Servers may say more than we know; what they say is not shown, it may hold secrets. */
  #warn(): void {
    if (this.#warned) return;
    this.#warned = true;
    console.warn("[WS] Ignored a message that is not of the protocol");
  }

  /** Pings from now on, if the server announced that it answers. */
  #beat(announced: number | undefined): void {
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    const { heartbeat } = this.#options;
    if (typeof announced !== "number" || !(announced > 0) || !(heartbeat > 0)) return;
    this.#heartbeat = setInterval(
      () => {
        if (!this.#heard) return this.#lose("The WebSocket fell silent");
        this.#heard = false;
        this.send({ type: "ping" });
      },
      Math.min(heartbeat, Math.max(announced, SHORTEST_HEARTBEAT)),
    );
    this.#heartbeat.unref?.();
  }

  /** Tells of it, and comes back if that is wanted. */
  #lose(why: string, cause?: unknown): void {
    this.#loseBy(new TransportError("TRANSPORT_ERROR", why, cause === undefined ? {} : { cause }));
  }

  #loseBy(error: TransportError): void {
    const socket = this.#release();
    if (socket !== undefined) {
      forget(socket);
      if (socket.terminate) socket.terminate();
      else socket.close();
    }
    this.#failures++;
    this.#options.onLost(error);
    if (this.#ended || this.#socket !== undefined || this.#wait !== undefined) return;
    if (this.#options.isWanted()) this.#reconnect();
  }

  #reconnect(): void {
    const { first = 500, max = 30_000, jitter = 0.5 } = this.#options.backoff;
    const longest = Math.min(max, first * 2 ** Math.min(this.#failures - 1, 30));
    const wait: Timer = setTimeout(
      () => {
        this.#wait = undefined;
        if (this.#options.isWanted()) this.#connect();
      },
      longest * (1 - jitter * this.#options.random()),
    );
    if (!this.#options.isAwaited()) wait.unref?.();
    this.#wait = wait;
  }

  /** Lets go of the socket and of all that belongs to it. */
  #release(): WebSocketLike | undefined {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isOpen = false;
    this.#endTokens?.();
    this.#endTokens = undefined;
    clearTimeout(this.#connecting);
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    if (socket !== undefined) forget(socket);
    return socket;
  }
}

/** Hears nothing more of a socket. Errors stay heard: those of the `ws` package would end the process otherwise. */
function forget(socket: WebSocketLike): void {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  socket.onerror = () => {};
}
