/** Runs that are answered with what happens in them, as `text/event-stream`. */
import { encodeAnswer } from "./answer-text.js";
import type { LastEvent } from "./event-stream.js";
import { type RunAnswer, type RunRefusal, refusedIn } from "./flow-runs.js";

/** Whether a client asks for events, by its `Accept`. */
export function takesEvents(accept: string | undefined): boolean {
  return /(?:^|,)\s*text\/event-stream\b/i.test(accept ?? "");
}

/** Whether a run was begun, and has its result. */
export function hasResult(answer: RunAnswer): boolean {
  return "result" in answer && refusedIn(answer.result) === undefined;
}

/** What the events of a run end with: `result` with what a request without events is answered with, or `refused` with why it was not carried out. */
export function lastEventOf(answer: RunAnswer): LastEvent {
  const refused = "result" in answer ? refusedIn(answer.result) : (answer as RunRefusal);
  if (refused !== undefined) {
    const { error, code } = refused;
    return { event: "refused", data: JSON.stringify({ error, code }) };
  }
  try {
    return { event: "result", data: encodeAnswer((answer as { result: { result: unknown } }).result.result) ?? "null" };
  } catch (error) {
    return {
      event: "refused",
      data: JSON.stringify({ error: (error as Error).message, code: "SERIALIZATION_FAILED" }),
    };
  }
}
