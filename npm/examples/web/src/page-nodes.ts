/** Node types of this page's own. A type is an object with `execute`; what it returns is the node's output. */
import type { NodeExecutable } from "@atomiton/conductor/slim";
import { createExecutionError, ErrorCode } from "@atomiton/conductor/types";

/** What `execute` gets: the node's parameters, and beside them what the run offers. */
interface Params {
  nodeId: string;
  signal: AbortSignal;
  progress(percent: number, message?: string): void;
}

const STEPS = 10;

/** Answers after a while, and tells how far it is: a stand-in for a slow service. */
const lookup: NodeExecutable = {
  // After a reload it is asked again where its answer did not come.
  effects: "reads",
  async execute({ durationMs, answer, signal, progress }: Params & { durationMs: number; answer: unknown }) {
    for (let step = 1; step <= STEPS; step++) {
      await wait(durationMs / STEPS, signal);
      progress((100 * step) / STEPS);
    }
    return answer;
  },
};

const triesByNode = new Map<string, number>();

/** Refuses the first `refusals` of its tries, then answers: a stand-in for a busy service. */
const busyService: NodeExecutable = {
  effects: "reads",
  async execute({ nodeId, refusals, answer, signal }: Params & { refusals: number; answer: unknown }) {
    await wait(400, signal);
    const tries = (triesByNode.get(nodeId) ?? 0) + 1;
    // Once it has answered it is as new, so that the next run shows the same.
    triesByNode.set(nodeId, tries > refusals ? 0 : tries);
    // A code says what kind of failure it is, and with it whether trying again can help.
    if (tries <= refusals) {
      throw createExecutionError(ErrorCode.RATE_LIMIT_EXCEEDED, "The weather service is busy: too many requests");
    }
    return answer;
  },
};

/** By type. */
export const pageNodes: ReadonlyMap<string, NodeExecutable> = new Map([
  ["lookup", lookup],
  ["busy-service", busyService],
]);

/** Resolves after `ms`; rejects at once when the run is cancelled. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
}
