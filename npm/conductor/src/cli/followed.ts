/** An execution from its beginning to its end at the command line: shown, asked about, interrupted. */
import { messageOf } from "@atomiton/values";
import type { Conductor, ExecutionResult } from "../exports/node.js";
import { answerQuestions } from "./answers.js";
import type { Display } from "./display.js";
import { onInterrupt } from "./signals.js";
import { oneLine } from "./text.js";
import { lines } from "./validate.js";

/** How one is shown and answered. */
export interface Following {
  display: Display;
  /** Answers that were given before, by node. */
  answers: ReadonlyMap<string, unknown> | undefined;
  /** Whether it is in a store, so that a question lasts. */
  isKept: boolean;
  /** How the command line names the place where it is. */
  where: string;
}

/** What is needed of a conductor. */
export interface FollowedConductor {
  node: Pick<Conductor["node"], "cancel">;
  executions: Pick<Conductor["executions"], "onQuestion" | "answer" | "waiting">;
  events: Pick<Conductor["events"], "onProgress">;
  shutdown: Conductor["shutdown"];
}

/** How one ended. */
export interface Followed {
  result: ExecutionResult;
  /** Why questions were not answered. */
  unanswered: string[];
  /** Nodes whose answers were given, and that never asked. */
  unused: string[];
}

/**
 * Begins an execution and shows it until its end; the first interrupt cancels it. `undefined` for one that waits in its store for an
 * answer, after it was said how to give that.
 */
export async function followed(
  conductor: FollowedConductor,
  executionId: string,
  begin: () => Promise<ExecutionResult>,
  { display, answers = new Map(), isKept, where }: Following,
): Promise<Followed | undefined> {
  const unanswered: string[] = [];
  let left: Promise<void> | undefined;
  const cancel = () => {
    conductor.node.cancel(executionId).catch((error) => display.note(`It is not cancelled: ${messageOf(error)}`));
  };
  const answering = answerQuestions(conductor, {
    given: answers,
    display,
    terminal:
      process.stdin.isTTY && process.stderr.isTTY ? { input: process.stdin, output: process.stderr } : undefined,
    giveUp(why, isWrong) {
      unanswered.push(why);
      if (!isKept || isWrong) return cancel();
      left = conductor.shutdown();
    },
  });
  conductor.events.onProgress((state) => display.show(state));
  const release = onInterrupt(
    (signal) => {
      display.note(`Cancelling after ${signal}; once more to stop at once`);
      cancel();
    },
    () => display.end(),
  );
  try {
    const result = await begin();
    if (left === undefined) return { result, unanswered, unused: answering.unused() };
    // Only then the store knows that it waits.
    await left;
  } finally {
    release();
    display.end();
    answering.stop();
  }
  const how = `conductor executions answer ${oneLine(executionId)} --value VALUE ${where}`;
  process.stderr.write(lines([...unanswered, `The execution waits: ${how}`]));
  return undefined;
}
