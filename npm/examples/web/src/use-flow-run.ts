import { createExecutionId, type ExecutionResult, type NodeProgressEvent } from "@atomiton/conductor/slim";
import { useCallback, useEffect, useRef, useState } from "react";
import { conductor, forget } from "./conductor.ts";
import { messageOf } from "./error-message.ts";
import type { Flow } from "./flow.ts";

/** How a flow is run. */
export interface RunSettings {
  input: Record<string, unknown>;
  /** Pace in ms for watching; 0 is full speed. */
  slowMo: number;
  /** Nodes in flight at once. */
  concurrency: number;
}

/** The run that is shown. */
export interface Run {
  status: "idle" | "running" | "completed" | "failed" | "cancelled";
  progress?: NodeProgressEvent;
  result?: ExecutionResult;
  /** Why there is no result at all, such as a flow that cannot be run. */
  refusal?: string;
}

const IDLE: Run = { status: "idle" };

/** Runs one flow at a time and follows it. */
export function useFlowRun() {
  const [run, setRun] = useState(IDLE);
  // Others may run flows with the same conductor, or on the same server: only events of the run that is shown count.
  const executionId = useRef("");

  useEffect(
    () =>
      conductor.node.onProgress((progress) => {
        if (progress.executionId === executionId.current) setRun((run) => ({ ...run, progress }));
      }),
    [],
  );

  /** Shows a run that is under way. */
  const follow = useCallback(async (id: string, under: Promise<ExecutionResult>) => {
    executionId.current = id;
    setRun({ status: "running" });
    const end = (ended: Run) => {
      if (executionId.current === id) setRun((run) => ({ ...run, ...ended }));
    };
    try {
      const result = await under;
      end({ status: statusOf(result), result });
    } catch (error) {
      end({ status: "failed", refusal: messageOf(error) });
    }
    // One that stays is over, and does not run again.
    await forget(id).catch(() => {});
  }, []);

  const start = useCallback(
    (flow: Flow, { input, slowMo, concurrency }: RunSettings) => {
      const id = createExecutionId();
      const settings = { ...flow.settings, runtime: { ...flow.settings?.runtime, parallel: concurrency } };
      return follow(id, conductor.flow.run({ ...flow, settings }, { executionId: id, input, slowMo }));
    },
    [follow],
  );

  const cancel = useCallback(() => conductor.node.cancel(executionId.current), []);

  /** Shows no run any more, and cancels it if it is not over. */
  const reset = useCallback(() => {
    if (executionId.current !== "") void cancel();
    executionId.current = "";
    setRun(IDLE);
  }, [cancel]);

  return { run, start, follow, cancel, reset };
}

function statusOf(result: ExecutionResult): Run["status"] {
  if (result.success) return "completed";
  return result.error?.code === "CANCELLED" ? "cancelled" : "failed";
}
