/** A run as those see it who follow it, wherever it is carried out. */
import type { Redaction } from "../expressions/redaction.js";
import type { ExecutionError } from "../types/errors.js";
import type { Run } from "./driver.js";
import type { Outline } from "./outline.js";
import type { RunRedact } from "./redact.js";
import type { RunRequest } from "./run-request.js";

/** The part of a run that a conductor, its stores and its results need. */
export interface FollowedRun
  extends Pick<
    Run,
    | "plan"
    | "context"
    | "done"
    | "recording"
    | "trace"
    | "steps"
    | "attempts"
    | "duration"
    | "startTime"
    | "endTime"
    | "hasSucceeded"
    | "hasErrors"
    | "isFinished"
    | "start"
    | "cancel"
    | "pause"
    | "resume"
    | "abandon"
    | "watch"
    | "flush"
    | "view"
    | "hasBegun"
    | "reportOf"
    | "warnings"
    | "activityOf"
    | "isPaused"
  > {
  /** Whether it can be run at all, where that takes a while to be known; never rejects. */
  readonly opened?: Promise<boolean>;
  /** What is known of the error with which a node failed, if it did. */
  errorOf(node: number): Pick<ExecutionError, "message"> | undefined;
  /** Whether answers of another execution were taken over; missing where none can be. */
  readonly inheritsAnswers?: boolean;
  /** What is shown of its values; missing where all of them are. */
  readonly redact?: RunRedact | undefined;
  /** What must not be told of it; missing where that is nothing. */
  readonly secrets?: Redaction | undefined;
  /** The output of a node; missing where none is known. */
  outputOf?(node: number): unknown;
}

/** The part that is seen of it. */
export interface ViewedRun
  extends Pick<
    FollowedRun,
    | "plan"
    | "recording"
    | "steps"
    | "startTime"
    | "endTime"
    | "hasSucceeded"
    | "isFinished"
    | "isPaused"
    | "watch"
    | "flush"
    | "view"
    | "reportOf"
    | "activityOf"
    | "errorOf"
    | "inheritsAnswers"
  > {
  readonly context: Pick<FollowedRun["context"], "executionId" | "nodeId">;
}

/** Whether all that was called in a node, itself included, was answered by another execution. */
export function isInherited(run: Pick<FollowedRun, "inheritsAnswers" | "plan" | "activityOf">, node: number): boolean {
  const { plan } = run;
  if (run.inheritsAnswers !== true) return false;
  let found = false;
  for (let inner = node, end = plan.end(node); inner < end; inner++) {
    const { inherited } = run.activityOf(inner) ?? {};
    if (inherited === false) return false;
    found ||= inherited === true;
  }
  return found;
}

/** Opens a run of an outline; `undefined` when it is known at once that it cannot be run. */
export type OpenRun = (outline: Outline, request: RunRequest) => FollowedRun | undefined;
