import { analyseFlow } from "../floor/analyse-flow.mjs";
import { runFlow } from "../floor/run-flow.mjs";

/** The hand-written loop that every engine is measured against. */
export const floor = {
  name: "floor",

  prepare(flow, execute) {
    const executable = { execute };
    const executableFor = () => executable;
    return async () => {
      await runFlow(flow, executableFor);
    };
  },

  prepareAnalysis(flow) {
    return () => {
      const analysis = analyseFlow(flow);
      return {
        problems: analysis.problems.length,
        levels: analysis.executionOrder.length,
        maxParallelism: analysis.maxParallelism,
        criticalPathLength: analysis.criticalPath.length,
        criticalPathWeight: analysis.criticalPathWeight,
      };
    };
  },
};
