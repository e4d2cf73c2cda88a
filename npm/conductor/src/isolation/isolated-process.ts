/** In the server: one process, for the nodes of one execution. */
import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { constants, setPriority } from "node:os";
import { dirname, join } from "node:path";
import type { Duplex } from "node:stream";
import { coded, RETRY } from "../engine/failure.js";
import type { ErrorCode } from "../types/errors.js";
import { sendFrame, takeFrames } from "./frames.js";
import { cpuOf, memoryOf } from "./measures.js";
import type { FromProcess, ToProcess } from "./messages.js";
import type { IsolationSettings } from "./settings.js";

/** What a process may take. */
export interface ProcessLimits {
  /** Bytes. */
  memory: number;
  cpuMs: number | undefined;
}

/** How often it is looked at what a process takes, in ms. */
const LOOK_MS = 100;

/** How long the process of an execution that is over may take to end by itself, in ms. */
export const GRACE_MS = 2000;

/** Of what it says on its standard error, the last characters that are kept. */
const LAST_WORDS = 4096;

const MIB = 1024 * 1024;

/** Processes that did not end, for when this one does. */
const running = new Set<IsolatedProcess>();
let endsWithThis = false;

/** A process that carries out nodes of one execution. It has nothing of the environment of this one. */
export class IsolatedProcess {
  /** It takes calls. Rejects where it ended before. */
  readonly ready: Promise<void>;
  /** Resolves with why it ended, which is told by a code. */
  readonly ended: Promise<Error>;
  /** Told of what it says. */
  take: (message: FromProcess) => void = () => {};
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #lifeline: Duplex;
  #why: Error | undefined;
  #isOver = false;
  #words = "";
  #watch: NodeJS.Timeout | undefined;
  #late: NodeJS.Timeout | undefined;

  /** @param warms whether it is started before it is needed */
  constructor({ launcher, nodes, network, mostMemory }: IsolationSettings, warms: boolean) {
    const script = join(dirname(createRequire(import.meta.url).resolve("@atomiton/conductor/package.json")), "dist");
    const heap = Math.floor(mostMemory / MIB);
    const node = [process.execPath, `--max-old-space-size=${heap}`, "--no-warnings", join(script, "isolated.js")];
    const [command, ...args] = [...launcher, ...node] as [string, ...string[]];
    this.#child = spawn(command, args, {
      env: environment(),
      // The last one says nothing: its end is that of this process.
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
      // A group of its own, which is ended together with what its nodes started.
      detached: process.platform !== "win32",
      windowsHide: true,
    });
    this.#pipe = this.#child.stdio[3] as Duplex;
    this.#pipe.on("error", () => {});
    this.#lifeline = this.#child.stdio[4] as Duplex;
    this.#lifeline.on("error", () => {});
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#words = (this.#words + text).slice(-LAST_WORDS);
    });
    this.ended = this.#end();
    this.ready = new Promise((resolve, reject) => {
      const hear = (message: FromProcess) => {
        if (message.type === "ready") resolve();
        else if (message.type === "unable")
          this.kill("INTERNAL_ERROR", `Node types cannot be isolated: ${message.why}`);
        else this.take(message);
      };
      const refused = (why: string, isLong: boolean) =>
        this.kill(isLong ? "MEMORY_LIMIT_EXCEEDED" : "TRANSPORT_ERROR", `The process of the execution sent ${why}`);
      takeFrames<FromProcess>(this.#pipe, hear, mostMemory, refused);
      void this.ended.then(reject);
    });
    this.ready.catch(() => {});
    running.add(this);
    endWithThisProcess();
    this.send({ type: "begin", nodes, network, warms });
    this.hold(false);
    yieldTo(this.#child.pid);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Throws what cannot be cloned. */
  send(message: ToProcess): void {
    if (!this.#isOver) sendFrame(this.#pipe, message);
  }

  /** Whether this process stays for it. */
  hold(isHeld: boolean): void {
    const parts = [this.#child, this.#pipe, this.#lifeline, this.#child.stderr] as ({
      ref(): void;
      unref(): void;
    } | null)[];
    for (const part of parts) isHeld ? part?.ref() : part?.unref();
  }

  /** Ends it as soon as it takes more than it may. */
  watch({ memory, cpuMs }: ProcessLimits): void {
    const { pid } = this;
    if (pid === undefined) return;
    // What its start took is not the execution's.
    const before = cpuOf(pid) ?? 0;
    this.#watch = setInterval(() => {
      if ((memoryOf(pid) ?? 0) > memory) {
        this.kill(
          "MEMORY_LIMIT_EXCEEDED",
          `The execution took more memory than the ${memory / MIB} MiB that it may have`,
        );
      } else if (cpuMs !== undefined && (cpuOf(pid) ?? 0) - before > cpuMs) {
        this.kill("TIMEOUT", `The execution took more than the ${cpuMs} ms of processor time that it may have`);
      }
    }, LOOK_MS).unref();
  }

  /** Lets it end by itself, and ends it where it does not. */
  leave(): void {
    if (this.#isOver) return;
    this.hold(false);
    this.send({ type: "end" });
    this.#late ??= setTimeout(() => this.kill("CANCELLED", "The execution is over"), GRACE_MS);
    this.#late.unref();
  }

  /** Ends it, and what its nodes started. */
  kill(code: ErrorCode, message: string): void {
    if (this.#isOver) return;
    this.#why ??= endedBy(code, message);
    if (!this.#killGroup()) this.#child.kill("SIGKILL");
  }

  /** Whether there was one. */
  #killGroup(): boolean {
    const { pid } = this;
    if (pid === undefined || process.platform === "win32") return false;
    try {
      return process.kill(-pid, "SIGKILL");
    } catch {
      return false;
    }
  }

  async #end(): Promise<Error> {
    const found = await new Promise<{ code: number | null; signal: string | null } | Error>((resolve) => {
      this.#child.once("error", resolve);
      this.#child.once("exit", (code, signal) => resolve({ code, signal }));
    });
    clearInterval(this.#watch);
    clearTimeout(this.#late);
    // What its nodes started may go on without it.
    this.#killGroup();
    // What it said last may still be on its way.
    if (this.#why === undefined) await wordsOf(this.#child);
    this.#isOver = true;
    running.delete(this);
    this.#pipe.destroy();
    this.#lifeline.destroy();
    this.#why ??= reasonOf(found, this.#words);
    return this.#why;
  }
}

/** What Node cannot start without. */
function environment(): Record<string, string> {
  const { SystemRoot } = process.env;
  return {
    ...(process.platform === "win32" && SystemRoot !== undefined && { SystemRoot }),
    // Electron's own program is Node only where this says so.
    ...(process.versions.electron !== undefined && { ELECTRON_RUN_AS_NODE: "1" }),
  };
}

/** An error that no further try mends. */
export function endedBy(code: ErrorCode, message: string): Error {
  return Object.assign(coded(code, message, undefined), { [RETRY]: false });
}

function reasonOf(found: { code: number | null; signal: string | null } | Error, words: string): Error {
  if (found instanceof Error) {
    return endedBy("INTERNAL_ERROR", `The process of an isolated execution cannot be started: ${found.message}`);
  }
  if (/heap out of memory|Allocation failed/i.test(words)) {
    return endedBy("MEMORY_LIMIT_EXCEEDED", "The execution took more memory than it may have");
  }
  const how = found.signal === null ? `with exit code ${found.code}` : `by ${found.signal}`;
  const [last = ""] = words.trim().split("\n").slice(-1);
  return endedBy(
    "TRANSPORT_ERROR",
    `The process of the execution ended ${how}${last === "" ? "" : `: ${last.slice(0, 200)}`}`,
  );
}

/** How long a process that ended may hold its standard error open, through one that it started, in ms. */
const WORDS_MS = 200;

function wordsOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, WORDS_MS);
    child.once("close", () => {
      clearTimeout(late);
      resolve();
    });
  });
}

/** The server answers first. */
function yieldTo(pid: number | undefined): void {
  try {
    if (pid !== undefined) setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // It ended already.
  }
}

function endWithThisProcess(): void {
  if (endsWithThis) return;
  endsWithThis = true;
  process.once("exit", () => {
    for (const each of running) each.kill("CANCELLED", "The server ended");
  });
}
