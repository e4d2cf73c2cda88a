/** Jobs that are stored flows, run by a conductor. */
import { messageOf } from "@atomiton/values";
import type { ErrorRecoveryStrategy } from "../types/errors.js";
import type { RequestContext, RequestResult } from "../types/request.js";
import type { Job, JobData, JobProcessor } from "./job.js";

/** Whatever runs stored flows: a conductor, or what stands in for one. */
export interface FlowRunner {
  execute(request: {
    flowId: string;
    inputs?: Record<string, unknown>;
    context?: RequestContext;
  }): Promise<RequestResult>;
}

/** The flow that a job names. Of several names the first counts. */
export function flowIdOf({ flowId, compositeId, blueprintId }: JobData): string | undefined {
  return flowId ?? compositeId ?? blueprintId;
}

/** Runs the flow that a job names. A failed execution fails the attempt. */
export function flowProcessor(conductor: FlowRunner): JobProcessor {
  return async ({ data }: Job) => {
    const result = await conductor.execute({
      flowId: flowIdOf(data) ?? "",
      ...(data.input !== undefined && { inputs: data.input }),
      ...(data.executionId && { context: { executionId: data.executionId } }),
    });
    if (!result.success) throw new FlowFailure(result);
    return result;
  };
}

/** An execution that failed, as what fails the attempt. */
class FlowFailure extends Error {
  override readonly name = "FlowFailure";
  readonly code: string;
  readonly recovery: ErrorRecoveryStrategy | undefined;

  constructor({ error, metadata }: RequestResult) {
    super(error ?? "The flow failed", { cause: metadata?.error });
    this.code = metadata?.error?.code ?? "EXECUTION_FAILED";
    this.recovery = metadata?.error?.recovery;
  }
}

/** Whatever was thrown as an error. */
export function errorOf(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown;
  } catch {
    // A Proxy may refuse to be looked at.
  }
  return new Error(messageOf(thrown), { cause: thrown });
}

/** Whether another attempt can help. So it can unless the error says that it cannot. */
export function isRetryable(error: Error): boolean {
  try {
    const { retryable, recovery } = error as { retryable?: unknown; recovery?: { retryable?: unknown } | null };
    return retryable !== false && recovery?.retryable !== false;
  } catch {
    return true;
  }
}

/** What is kept of a failed attempt: the message, and so many lines of the stack. */
export function stackOf(error: Error, lines: number): string {
  const message = messageOf(error);
  try {
    const frames = String(error.stack)
      .split("\n")
      .filter((line) => /^\s+at /.test(line));
    return [`${error.name}: ${message}`, ...frames.slice(0, lines)].join("\n");
  } catch {
    return message;
  }
}
