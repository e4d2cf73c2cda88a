// As shown:
import { create } from 'zustand';
import { conductor } from '@atomiton/conductor/browser';
import type { ExecutionResult, NodeProgressEvent } from '@atomiton/conductor/browser';

type ExecutionState = {
  executing: boolean;
  progress: NodeProgressEvent | null;
  result: ExecutionResult | null;
  error: string | null;

  // Actions
  executeFlow: (flowId: string, inputs?: Record<string, unknown>) => Promise<void>;
  reset: () => void;
};

export const useExecutionStore = create<ExecutionState>((set, get) => {
  // Subscribe to events once on store creation
  conductor.node.onProgress((event) => {
    set({ progress: event });
  });

  conductor.node.onComplete((event) => {
    set({ result: event.result, executing: false });
  });

  conductor.node.onError((event) => {
    set({ error: event.error, executing: false });
  });

  return {
    executing: false,
    progress: null,
    result: null,
    error: null,

    executeFlow: async (flowId, inputs = {}) => {
      set({ executing: true, progress: null, result: null, error: null });

      try {
        const flow = await conductor.flow.loadFlow(flowId);
        await conductor.flow.run(flow, { input: inputs });
      } catch (error) {
        set({
          error: error instanceof Error ? error.message : 'Execution failed',
          executing: false
        });
      }
    },

    reset: () => {
      set({ executing: false, progress: null, result: null, error: null });
    }
  };
});

// Usage in components
function FlowButton({ flowId }: { flowId: string }) {
  const { executeFlow, executing, progress } = useExecutionStore();

  return (
    <button onClick={() => executeFlow(flowId)} disabled={executing}>
      {executing ? `${progress?.progress ?? 0}%` : 'Execute'}
    </button>
  );
}
