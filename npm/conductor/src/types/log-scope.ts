/** What lines of a log are about, for logs that tell it. */

/** An execution, and the node of it that says something. */
export interface LogScope {
  /** Of the outermost execution: flows that nodes run are parts of it. */
  executionId: string;
  nodeId?: string;
  /** Where executions are traced. */
  trace?: { traceId: string; spanId: string } | undefined;
}

/** Does something, of which all that is logged meanwhile is about this. */
export type InLogScope = <T>(scope: LogScope, work: () => T) => T;
