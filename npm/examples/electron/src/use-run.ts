import {
  createExecutionId,
  type ExecutionResult,
  type FlowDefinition,
  type NodeProgressEvent,
} from "@atomiton/conductor/slim";
import { useCallback, useEffect, useRef, useState } from "react";
import { conductor } from "./conductor.ts";

/** The run that is shown. */
export interface Run {
  isRunning: boolean;
  progress?: NodeProgressEvent;
  result?: ExecutionResult;
  /** Why there is no result at all, such as a main process that does not answer. */
  refusal?: string;
}

/** Runs one flow at a time and follows it. A window that is loaded anew goes on with what it ran before. */
export function useRun() {
  const [run, setRun] = useState<Run>({ isRunning: false });
  const executionId = useRef("");

  const follow = useCallback(async (id: string, result: Promise<ExecutionResult>) => {
    executionId.current = id;
    setRun({ isRunning: true });
    try {
      const ended = { isRunning: false, result: await result };
      setRun((run) => ({ ...run, ...ended }));
    } catch (error) {
      const refusal = error instanceof Error ? error.message : String(error);
      setRun((run) => ({ ...run, isRunning: false, refusal }));
    }
  }, []);

  useEffect(() => {
    const end = conductor.node.onProgress((progress) => {
      if (progress.executionId === executionId.current) setRun((run) => ({ ...run, progress }));
    });
    void conductor.node.active().then(([active]) => {
      if (active !== undefined && executionId.current === "")
        void follow(active.executionId, conductor.node.attach(active.executionId));
    });
    return end;
  }, [follow]);

  const start = useCallback(
    (flow: FlowDefinition) => {
      const id = createExecutionId();
      void follow(id, conductor.flow.run(flow, { executionId: id }));
    },
    [follow],
  );
  const cancel = useCallback(() => void conductor.node.cancel(executionId.current), []);

  return { run, start, cancel };
}
