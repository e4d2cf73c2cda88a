/** From the graph of a run to what those who only follow progress are told. */
import type { ExecutionGraphNode, ExecutionGraphState } from "../types/graph.js";
import type { NodeProgressEvent } from "../types/progress-event.js";

/** A progress event. Its parts are those of the state, which are frozen. */
export function progressEventOf(state: ExecutionGraphState): NodeProgressEvent {
  const { executionOrder, criticalPath, criticalPathKind, totalWeight, maxParallelism, edges } = state;
  const { cachedProgress, executionId } = state;
  const nodes = [...state.nodes.values()];
  const executing = nodes.filter((node) => node.state === "executing");
  const event: NodeProgressEvent = {
    nodeId: executing[0]?.id ?? "",
    executionId: executionId ?? "",
    progress: cachedProgress,
    message: messageOf(executing, cachedProgress),
    nodes,
    graph: {
      executionOrder,
      criticalPath,
      ...(criticalPathKind === "expected" && { criticalPathKind }),
      totalWeight,
      maxParallelism,
      edges,
    },
  };
  // It costs nothing where it is not read.
  return "eta" in state ? Object.defineProperty(event, "eta", { enumerable: true, get: () => state.eta }) : event;
}

function messageOf(executing: ExecutionGraphNode[], progress: number): string {
  if (executing.length > 0) return `Executing: ${executing.map(({ name }) => name).join(", ")}`;
  return progress === 100 ? "All nodes completed" : "Waiting to start...";
}
