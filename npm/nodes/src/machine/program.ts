/** Runs a program to its end, with its output in memory. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { LONGEST_TIMER_MS } from "@atomiton/values";

import { throwIfAborted } from "../contract/abort.js";
import { NodeError } from "../contract/error.js";
import { endGroup, GROUP_OPTIONS, startTied } from "./process-group.js";

/** Bytes of each stream that are kept. */
const LARGEST_OUTPUT = 50 * 1024 * 1024;

/** A program and what it gets. */
export interface ProgramCall {
  program: string;
  args: readonly string[];
  cwd: string | undefined;
  env: NodeJS.ProcessEnv;
  /** Its standard input, which is closed after that. */
  stdin: string | Uint8Array;
  /** Whether its output is read; else it is thrown away. */
  capture: boolean;
  /** ms after which it is ended. */
  timeLimit: number;
  signal: AbortSignal | undefined;
  /** Called with each piece of output. */
  onOutput?(piece: Buffer): void;
}

/** How a program ended. */
export interface ProgramEnd {
  stdout: Buffer;
  stderr: Buffer;
  /** `null` where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Whether it, or what it had started and what held its output open, was ended at the time limit. */
  timedOut: boolean;
  /** Whether the program itself had ended before that. */
  wasOver: boolean;
}

/**
 * Runs a program in a group of its own until it has ended and nothing holds its output open any longer. At the time
 * limit, and when the signal fires, the whole group is ended.
 *
 * @throws NodeError CANCELLED, MEMORY_LIMIT_EXCEEDED; what `spawn` throws where it cannot be started
 */
export async function runProgram(call: ProgramCall): Promise<ProgramEnd> {
  throwIfAborted(call.signal);
  const output = call.capture ? "pipe" : "ignore";
  const { child, letGo } = startTied(() =>
    spawn(call.program, call.args, {
      ...GROUP_OPTIONS,
      cwd: call.cwd,
      env: call.env,
      stdio: ["pipe", output, output],
    }),
  );
  const closed = closing(child);
  let stopped: { reason: "timeout" | "signal" | "size"; wasOver: boolean; gone: Promise<void> } | undefined;
  const stop = (reason: "timeout" | "signal" | "size"): void => {
    const wasOver = child.exitCode !== null || child.signalCode !== null;
    stopped ??= { reason, wasOver, gone: endGroup(child, reason === "size") };
  };
  const cancel = (): void => stop("signal");
  let isOver = false;
  const late = async (): Promise<void> => {
    // It may have ended while this thread was held up, and only the news of that is late.
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    if (!isOver) stop("timeout");
  };
  const timer = setTimeout(() => void late(), Math.min(Math.ceil(call.timeLimit), LONGEST_TIMER_MS));
  call.signal?.addEventListener("abort", cancel, { once: true });
  try {
    feed(child, call.stdin);
    const stdout = collected(child.stdout, call, stop);
    const stderr = collected(child.stderr, call, stop);
    const { code, signal } = await closed;
    isOver = true;
    await stopped?.gone;
    if (stopped?.reason === "signal") throwIfAborted(call.signal);
    if (stopped?.reason === "size") {
      throw new NodeError(
        "MEMORY_LIMIT_EXCEEDED",
        `The program wrote more than ${LARGEST_OUTPUT} bytes and was ended`,
        {
          advice: ["Let it write into a file, or set `captureOutput: false` where its output is not needed."],
          retry: false,
        },
      );
    }
    const timedOut = stopped?.reason === "timeout";
    return { stdout: stdout(), stderr: stderr(), code, signal, timedOut, wasOver: stopped?.wasOver ?? true };
  } finally {
    clearTimeout(timer);
    call.signal?.removeEventListener("abort", cancel);
    letGo();
  }
}

function closing(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => {
      // A program that runs may still fail to get a signal, which is no failure of the program.
      if (child.pid === undefined) reject(error);
    });
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
}

function feed(child: ChildProcess, stdin: string | Uint8Array): void {
  // A program may end, or close its input, without having read it.
  child.stdin?.on("error", () => {});
  child.stdin?.end(stdin);
}

/** Reads a stream; gives what came, once it has ended. */
function collected(stream: Readable | null, call: ProgramCall, stop: (reason: "size") => void): () => Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  stream?.on("data", (piece: Buffer) => {
    size += piece.length;
    if (size > LARGEST_OUTPUT) {
      pieces.length = 0;
      return stop("size");
    }
    pieces.push(piece);
    call.onOutput?.(piece);
  });
  return () => Buffer.concat(pieces);
}
