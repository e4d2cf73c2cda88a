/** A Python process that runs the code of one node after the other. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { LONGEST_TIMER_MS } from "@atomiton/values";

import { throwIfAborted } from "../../contract/abort.js";
import { NodeError } from "../../contract/error.js";
import { endGroup, GROUP_OPTIONS, startTied } from "../../machine/process-group.js";
import type { Batch } from "../../sandbox/sandbox.js";
import { startFailure } from "../shell-command/start-failure.js";
import { type Frame, FrameReader, frameOf } from "./frames.js";
import host from "./host.py?text";
import { type Printed, PrintedParts } from "./printed.js";

/** ms that Python has at the end of a run for what its code left to do at exit. */
const GRACE = 2000;
/** Bytes of the answer beside the output: names of long lists, warnings, an error. */
const BESIDE = 1024 * 1024;
/** Characters of standard error that a message quotes. */
const LONGEST_EXCERPT = 300;

/** What a process is asked to do. */
export interface PythonCall {
  code: string;
  /** The key under which values cross that JSON has no word for. */
  tag: string;
  /** The value of JSON text that comes back. */
  decode(text: string): unknown;
  requirements: readonly string[];
  /** Bytes of address space. */
  memory: number;
  /** JSON text of `inputs`, `variables` and `main`, without their long lists. */
  values: string;
  /** Long lists by the handle that they came by, `null` for that of `main`. */
  lists: readonly { name: string | null; batches(): AsyncIterable<Batch> | Iterable<Batch> }[];
  /** Bytes of JSON text that the output may have. */
  maxBytes: number;
  /** ms from now. */
  timeLimit: number;
  signal: AbortSignal | undefined;
  /** Called with each piece that the code prints. */
  onOutput: ((piece: Buffer) => void) | undefined;
}

/** What it answers. */
export interface PythonAnswer {
  /** The value; without those of its fields, or its items, that are `lists`. */
  value: unknown;
  /** Long lists by the fields that they are; `null` for the value itself. */
  lists: { name: string | null; items: unknown[] }[];
  end: PythonEnd;
  stdout: Printed;
  stderr: Printed;
  /** Of the interpreter. */
  executable: string;
  version: string;
}

/** What is said at the end. */
export interface PythonEnd {
  /** Whether memory was limited as asked. */
  limited: boolean;
  warnings?: [rule: string, message: string][];
  error?: PythonError;
}

/** A failure as Python tells it. */
export interface PythonError {
  kind: string;
  message: string;
  line?: number;
  column?: number;
  source?: string;
  path?: string;
}

interface Hello {
  version: string;
  executable: string;
}

/** Why a process is ended before it has answered. */
type Stop = "late" | "cancelled" | "large" | "garbled";

/** One Python process, which runs the code of one node at a time. */
export class PythonProcess {
  readonly #interpreter: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  readonly #letGo: () => void;
  readonly #frames = new FrameReader();
  readonly #printed: { stdout: PrintedParts; stderr: PrintedParts };
  #startFailed: unknown;
  #hello: Hello | undefined;
  #take: ((frame: Frame) => void) | undefined;
  #stop: ((why: Stop) => void) | undefined;
  #onOutput: ((piece: Buffer) => void) | undefined;
  #isOver = false;

  /**
   * Starts it. That it cannot be started is told by the first call.
   *
   * @param interpreter a program
   */
  constructor(interpreter: string) {
    this.#interpreter = interpreter;
    const mark = randomBytes(16).toString("hex");
    this.#printed = { stdout: new PrintedParts(mark), stderr: new PrintedParts(mark) };
    const args = ["-X", "utf8", "-X", "faulthandler", "-c", host, mark];
    const { child, letGo } = startTied(() =>
      spawn(interpreter, args, { ...GROUP_OPTIONS, stdio: ["ignore", "pipe", "pipe", "pipe", "pipe", "pipe"] }),
    );
    this.#child = child;
    this.#letGo = letGo;
    this.#frames.room = BESIDE;
    this.#closed = new Promise((resolve) => {
      const over = () => {
        this.#isOver = true;
        letGo();
        resolve();
      };
      child.on("error", (error) => {
        // A process that runs may still fail to get a signal.
        if (child.pid !== undefined) return;
        this.#startFailed = error;
        over();
      });
      child.once("close", over);
      // What it started may hold its streams open.
      child.once("exit", () => void endGroup(child, true).then(() => this.#destroy()));
    });
    for (const stream of streamsOf(child).slice(3)) stream?.on("error", () => {});
    (streamsOf(child)[4] as Readable | undefined)?.on("data", (piece: Buffer) => this.#read(piece));
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.on("data", (piece: Buffer) => {
        const shown = this.#printed[name].take(piece);
        if (shown.length > 0) this.#onOutput?.(shown);
      });
    }
  }

  /** Whether it takes no more calls. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Has it run code. One call at a time. After any failure but one that Python tells, the process is gone.
   *
   * @throws NodeError CANCELLED, TIMEOUT, MEMORY_LIMIT_EXCEEDED (too much output), EXECUTION_FAILED (it cannot be started, or it
   *   ended), and what the batches throw
   */
  async call(call: PythonCall): Promise<PythonAnswer> {
    throwIfAborted(call.signal);
    let stopped: Stop | undefined;
    let gone: Promise<void> | undefined;
    let answered = false;
    this.#stop = (why) => {
      if (answered || stopped !== undefined) return;
      stopped = why;
      gone = endGroup(this.#child, why === "garbled").then(() => this.#destroy());
    };
    const cancel = () => this.#stop?.("cancelled");
    const late = async () => {
      // It may have answered while this thread was held up, and only the news of that is late.
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      this.#stop?.("late");
    };
    const timer = setTimeout(() => void late(), Math.min(Math.ceil(call.timeLimit), LONGEST_TIMER_MS));
    call.signal?.addEventListener("abort", cancel, { once: true });
    this.#onOutput = call.onOutput;
    try {
      // What arrives is read while the call is still being written: code may answer, or fail, before it has all of it.
      const answer = this.#answer(call);
      answer.catch(() => {});
      await Promise.race([this.#send(call), this.#closed]);
      const ended = this.#closed.then(() => undefined);
      const found = await Promise.race([answer, ended]);
      if (found !== undefined) {
        answered = true;
        return found;
      }
      await gone;
      throw this.#failure(stopped, call);
    } catch (error) {
      this.#stop("garbled");
      await gone;
      throw error;
    } finally {
      clearTimeout(timer);
      call.signal?.removeEventListener("abort", cancel);
      this.#stop = this.#take = this.#onOutput = undefined;
    }
  }

  /** Lets it end by itself, with what its code left to do at exit, and then by force with all that it started. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    (streamsOf(this.#child)[3] as Writable | undefined)?.end();
    const timer = setTimeout(() => void endGroup(this.#child, true).then(() => this.#destroy()), GRACE);
    await this.#closed;
    clearTimeout(timer);
  }

  #destroy(): void {
    for (const stream of streamsOf(this.#child)) stream?.destroy();
    this.#letGo();
  }

  #read(piece: Buffer): void {
    try {
      for (const frame of this.#frames.take(piece)) {
        if (frame.kind === "H" && this.#hello === undefined) this.#hello = JSON.parse(frame.text) as Hello;
        else if (this.#take !== undefined) this.#take(frame);
        else throw new SyntaxError("a frame that nothing asked for");
      }
    } catch (error) {
      // Pieces that follow are not read.
      streamsOf(this.#child)[4]?.destroy();
      if (this.#stop === undefined) void endGroup(this.#child, true).then(() => this.#destroy());
      else this.#stop(error instanceof RangeError && this.#hello !== undefined ? "large" : "garbled");
    }
  }

  async #send({ code, tag, requirements, memory, values, lists }: PythonCall): Promise<void> {
    const head = { code, tag, requirements, memory, values, lists: lists.map(({ name }) => name) };
    await this.#write("C", JSON.stringify(head));
    for (const { batches } of lists) {
      for await (const { text } of batches()) {
        if (this.#isOver) return;
        await this.#write("B", text);
      }
      await this.#write("N", "");
    }
    await this.#write("G", "");
  }

  async #write(kind: string, text: string): Promise<void> {
    const line = streamsOf(this.#child)[3] as Writable | undefined;
    if (this.#isOver || line === undefined || line.destroyed || line.write(frameOf(kind, text))) return;
    await Promise.race([once(line, "drain").catch(() => {}), this.#closed]);
  }

  #answer({ maxBytes, decode }: PythonCall): Promise<PythonAnswer> {
    this.#frames.room = maxBytes + BESIDE;
    let value: unknown;
    const lists: PythonAnswer["lists"] = [];
    let at = 0;
    return new Promise((resolve) => {
      this.#take = ({ kind, text }) => {
        const list = lists[at];
        if (kind === "V" && lists.length === 0) {
          const head = decode(text) as { value: unknown; lists: (string | null)[] };
          value = head.value;
          for (const name of head.lists) lists.push({ name, items: [] });
        } else if (kind === "B" && list !== undefined) {
          for (const item of decode(text) as unknown[]) list.items.push(item);
        } else if (kind === "N" && list !== undefined) at++;
        else if (kind === "E") {
          const end = decode(text) as PythonEnd;
          this.#take = undefined;
          const { stdout, stderr } = this.#printed;
          void Promise.all([stdout.next(), stderr.next()]).then(([stdout, stderr]) => {
            resolve({ value, lists, end, stdout, stderr, ...(this.#hello as Hello) });
          });
        } else throw new SyntaxError(`an unknown frame ${kind}`);
      };
    });
  }

  #failure(stopped: Stop | undefined, { timeLimit, signal, maxBytes }: PythonCall): unknown {
    if (stopped === "cancelled") throwIfAborted(signal);
    if (stopped === "late") {
      return new NodeError(
        "TIMEOUT",
        `Python was ended after ${timeLimit} ms${this.#hello ? "" : ", while it started"}`,
      );
    }
    if (stopped === "large") {
      return new NodeError("MEMORY_LIMIT_EXCEEDED", `The output has more than ${maxBytes} bytes of JSON text`, {
        advice: ["Give fewer rows or columns, write them to a file, or raise `maxBytes`."],
        retry: false,
      });
    }
    if (stopped === "garbled") {
      return new NodeError(
        "EXECUTION_FAILED",
        "What came back is no answer: the code must not write to the descriptors 3, 4 and 5 of its process",
      );
    }
    if (this.#startFailed !== undefined) return startFailure(this.#startFailed, this.#interpreter, undefined);
    return this.#crash();
  }

  #crash(): NodeError {
    const { exitCode, signalCode } = this.#child;
    const how = signalCode === null ? `ended with exit code ${exitCode}` : `was ended by ${signalCode}`;
    const said = this.#printed.stderr.tail(4 * LONGEST_EXCERPT);
    const line = /File "<code>", line (\d+)/.exec(said)?.[1];
    const excerpt = said.length <= LONGEST_EXCERPT ? said : `…${said.slice(1 - LONGEST_EXCERPT)}`;
    const what =
      this.#hello === undefined
        ? `${this.#interpreter} ${how} before it could run code`
        : `Python ${how} while the code ran${line === undefined ? "" : ` (line ${line})`}`;
    return new NodeError("EXECUTION_FAILED", `${what}${excerpt === "" ? "" : `: ${excerpt}`}`, {
      advice:
        this.#hello === undefined
          ? ["Name a Python 3.8 or newer as `python`."]
          : [
              "Look for os._exit, a crash in a package, or another program that ended it; the next node gets a new process.",
            ],
    });
  }
}

/** Missing where a process could not be started for want of descriptors. */
function streamsOf({ stdio }: ChildProcess): (Readable | Writable | null | undefined)[] {
  return (stdio as ChildProcess["stdio"] | undefined) ?? [];
}
