// Taken for granted:
import { createConductor } from "@atomiton/conductor/desktop";
import type { ErrorCode } from "@atomiton/conductor/types";

const conductor = createConductor();
declare function show(node: string, code?: ErrorCode): void;

// As shown:
conductor.events.onCompleted(({ executionId, result }) => {
  if (result.success) show(executionId);
});
conductor.events.onError(({ executionId, nodeId = executionId, code, error }) => {
  if (code !== "CANCELLED") show(`${nodeId}: ${error.message}`, code);
});
