// Taken for granted:
// The sample uses this without importing it.
import { useState } from "react";

// As shown:
import { conductor, createExecutionId } from '@atomiton/conductor/browser';

function CancellableExecution() {
  const [executionId, setExecutionId] = useState<string | null>(null);

  const startExecution = async () => {
    const execId = createExecutionId(`exec-${Date.now()}`);
    setExecutionId(execId);

    const flow = await conductor.flow.loadFlow('long-running-flow');

    await conductor.flow.run(flow, {
      executionId: execId,
      input: { data: 'test' }
    });

    setExecutionId(null);
  };

  const cancelExecution = async () => {
    if (executionId) {
      await conductor.node.cancel(executionId);
      setExecutionId(null);
    }
  };

  return (
    <div>
      <button onClick={startExecution} disabled={!!executionId}>
        Start Execution
      </button>
      <button onClick={cancelExecution} disabled={!executionId}>
        Cancel
      </button>
    </div>
  );
}
