/** The Python processes of runs: one for each interpreter that nodes of a run name, never one for two runs. */
import { unlessAborted } from "../../contract/abort.js";
import { startFailure } from "../shell-command/start-failure.js";
import { type PythonAnswer, type PythonCall, PythonProcess } from "./process.js";

/** By the signal that fires at the end of the run, and by interpreter. */
const runs = new WeakMap<AbortSignal, Map<string, Turns>>();

/**
 * Runs code in the process of its run, when those before it are done there. Without a run, or when it is over, in a process that
 * ends with it.
 *
 * @param runEnd fires when the run is over
 * @throws NodeError see {@link PythonProcess.call}
 */
export async function callPython(
  runEnd: AbortSignal | undefined,
  interpreter: string,
  call: PythonCall,
): Promise<PythonAnswer> {
  if (runEnd !== undefined && !runEnd.aborted) return turnsOf(runEnd, interpreter).call(call);
  const turns = new Turns(interpreter);
  try {
    return await turns.call(call);
  } finally {
    await turns.close();
  }
}

function turnsOf(runEnd: AbortSignal, interpreter: string): Turns {
  let found = runs.get(runEnd);
  if (found === undefined) {
    const byInterpreter = new Map<string, Turns>();
    runs.set(runEnd, byInterpreter);
    runEnd.addEventListener("abort", () => byInterpreter.forEach((turns) => void turns.close()), { once: true });
    found = byInterpreter;
  }
  let turns = found.get(interpreter);
  if (turns === undefined) {
    turns = new Turns(interpreter);
    found.set(interpreter, turns);
  }
  return turns;
}

/** Calls that take turns in one process, which is started by the first of them. */
class Turns {
  readonly #interpreter: string;
  #process: PythonProcess | undefined;
  #last: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(interpreter: string) {
    this.#interpreter = interpreter;
  }

  async call(call: PythonCall): Promise<PythonAnswer> {
    const before = this.#last;
    let done = (): void => {};
    const turn = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#last = before.then(() => turn);
    try {
      await unlessAborted(before, call.signal);
      const process = this.#started();
      const answer = await process.call(call);
      // What is left of its memory is in no known state.
      if (answer.end.error?.kind === "memory") await this.#let(process);
      return answer;
    } finally {
      done();
      // The run was over before the process was there to be closed with it.
      if (this.#isClosed) await this.close();
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#process !== undefined) await this.#let(this.#process);
  }

  #started(): PythonProcess {
    if (this.#process === undefined || this.#process.isOver) {
      try {
        this.#process = new PythonProcess(this.#interpreter);
      } catch (error) {
        throw startFailure(error, this.#interpreter, undefined);
      }
    }
    return this.#process;
  }

  async #let(process: PythonProcess): Promise<void> {
    if (this.#process === process) this.#process = undefined;
    await process.end();
  }
}
