/** The main process's side of a test: an `ipcMain` and windows whose pages are other processes. */
import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import type {
  FrameLike,
  IpcEventLike,
  IpcMainLike,
  IpcMessageEventLike,
  WindowLike,
} from "../../../src/desktop/electron.js";
import type { FromRenderer, ToRenderer } from "./messages.js";

type Handler = (event: IpcEventLike, ...args: unknown[]) => unknown;

/** `ipcMain`, over the links to the pages. */
export class MainIpc implements IpcMainLike {
  readonly #handlers = new Map<string, Handler>();
  readonly #messages = new EventEmitter();

  handle(channel: string, handler: Handler): void {
    if (this.#handlers.has(channel)) throw new Error(`Attempted to register a second handler for '${channel}'`);
    this.#handlers.set(channel, handler);
  }

  removeHandler(channel: string): void {
    this.#handlers.delete(channel);
  }

  on(channel: string, listener: (event: IpcMessageEventLike, ...args: unknown[]) => void): void {
    this.#messages.on(channel, listener);
  }

  removeListener(channel: string, listener: (event: IpcMessageEventLike, ...args: unknown[]) => void): void {
    this.#messages.removeListener(channel, listener);
  }

  /** All channels that anything is registered for. */
  get registered(): string[] {
    return [...this.#handlers.keys(), ...(this.#messages.eventNames() as string[])];
  }

  async invoke(event: IpcEventLike, channel: string, args: unknown[]): Promise<unknown> {
    const handler = this.#handlers.get(channel);
    if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
    return handler(event, ...args);
  }

  receive(event: IpcMessageEventLike, channel: string, args: unknown[]): void {
    this.#messages.emit(channel, event, ...args);
  }
}

/** Something that a page heard. */
export interface Heard {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests know what they wait for.
  data: any;
}

/** A window with a page in a process of its own. */
export class PageWindow extends EventEmitter implements WindowLike {
  readonly heard: Heard[] = [];
  frame: FrameLike | null = { url: "file:///app/index.html", origin: "file://", parent: null };
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #waiting = new Set<() => void>();
  #count = 0;
  #destroyed = false;

  private constructor(
    program: string,
    private readonly ipc: MainIpc,
  ) {
    super();
    this.#child = fork(program, [], { serialization: "advanced", execArgv: [] });
    this.#child.on("message", (message) => this.#take(message as FromRenderer));
    this.#child.on("exit", () => {
      this.#destroyed = true;
      for (const { reject } of this.#asked.values()) reject(new Error("The page is gone"));
      this.#asked.clear();
    });
  }

  /** Opens a window and waits for its page. */
  static async open(program: string, ipc: MainIpc): Promise<PageWindow> {
    const window = new PageWindow(program, ipc);
    await once(window, "ready");
    return window;
  }

  readonly webContents = {
    send: (channel: string, ...args: unknown[]): void => {
      if (this.#destroyed) throw new Error("Object has been destroyed");
      this.#send({ kind: "event", channel, args });
    },
    isDestroyed: () => this.#destroyed,
    frameOf: (): FrameLike | null => this.frame,
    get mainFrame(): FrameLike | null {
      return this.frameOf();
    },
  };

  isDestroyed(): boolean {
    return this.#destroyed;
  }

  /** Lets the page do something. */
  // biome-ignore lint/suspicious/noExplicitAny: tests know what they ask for.
  ask(what: string, ...args: unknown[]): Promise<any> {
    const seq = ++this.#count;
    const answer = new Promise((resolve, reject) => {
      this.#asked.set(seq, { resolve, reject });
      this.#send({ kind: "do", seq, what, args });
    });
    // A page may be gone before its answer is awaited.
    answer.catch(() => {});
    return answer;
  }

  // biome-ignore lint/suspicious/noExplicitAny: the same.
  call(channel: string, command: string, args?: unknown): Promise<any> {
    return this.ask("call", channel, command, args);
  }

  /** The first of what the page heard that fits, as soon as there is one. */
  async hears(name: string, fits: (data: Heard["data"]) => boolean = () => true): Promise<Heard["data"]> {
    for (;;) {
      const found = this.heard.find((heard) => heard.name === name && fits(heard.data));
      if (found !== undefined) return found.data;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** What the page heard, in order. */
  named(name: string): Heard["data"][] {
    return this.heard.filter((heard) => heard.name === name).map(({ data }) => data);
  }

  /** Kills the page's process, as a reload or a crash does. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await gone;
  }

  #take(message: FromRenderer): void {
    switch (message.kind) {
      case "ready":
        this.emit("ready");
        break;
      case "heard":
        this.heard.push({ name: message.name, data: message.data });
        for (const wake of [...this.#waiting]) wake();
        this.#waiting.clear();
        break;
      case "did":
        if (message.error === undefined) this.#asked.get(message.seq)?.resolve(message.value);
        else this.#asked.get(message.seq)?.reject(new Error(message.error));
        this.#asked.delete(message.seq);
        break;
      case "send": {
        const reply = (channel: string, ...args: unknown[]) => this.webContents.send(channel, ...args);
        this.ipc.receive({ senderFrame: this.frame, reply }, message.channel, message.args);
        break;
      }
      case "invoke":
        void this.#answer(message.seq, message.channel, message.args);
    }
  }

  async #answer(seq: number, channel: string, args: unknown[]): Promise<void> {
    try {
      const value = await this.ipc.invoke({ senderFrame: this.frame }, channel, args);
      this.#send({ kind: "answer", seq, value });
    } catch (error) {
      this.#send({ kind: "answer", seq, error: (error as Error).message });
    }
  }

  #send(message: ToRenderer): void {
    // Throws for what cannot be cloned, as Electron does. A page may go while it is written to.
    if (!this.#destroyed && this.#child.connected) this.#child.send(message, () => {});
  }
}
