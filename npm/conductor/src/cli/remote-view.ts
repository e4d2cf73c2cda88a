/** An execution at a server, as the displays of the command line look at one that runs here. */
import type { Conductor } from "../exports/node.js";
import type { ExecutionGraphState } from "../types/graph.js";
import type { NodeProgressEvent } from "../types/progress-event.js";
import type { FollowedConductor } from "./followed.js";

/** What displays need of a conductor. */
export interface RemoteView extends FollowedConductor {
  node: FollowedConductor["node"] & { store: { getState(): ExecutionGraphState } };
}

type Show = (state: ExecutionGraphState) => void;

/** The view of one execution. */
export function remoteView(conductor: Conductor, executionId: string): RemoteView {
  const { node, executions, shutdown } = conductor;
  const graph = new RemoteGraph(executionId);
  return {
    node: { cancel: node.cancel, store: { getState: () => graph.ended() } },
    executions,
    events: { onProgress: (show) => graph.follow(conductor, show) },
    shutdown,
  };
}

/** The graph of an execution elsewhere, as it is told of. */
class RemoteGraph {
  #state: ExecutionGraphState = {
    nodes: new Map(),
    edges: [],
    executionOrder: [],
    criticalPath: [],
    totalWeight: 0,
    maxParallelism: 1,
    isExecuting: true,
    startTime: Date.now(),
    endTime: null,
    cachedProgress: 0,
  };

  constructor(private readonly executionId: string) {}

  /** Shows each state from now on. */
  follow({ node }: Pick<Conductor, "node">, show: Show): () => void {
    return node.onProgress((event) => {
      const { executionId } = event as NodeProgressEvent;
      if (executionId !== this.executionId) return;
      this.#take(event as NodeProgressEvent);
      show(this.#state);
    });
  }

  /** The last state, with its end. */
  ended(): ExecutionGraphState {
    return { ...this.#state, isExecuting: false, endTime: this.#state.endTime ?? Date.now() };
  }

  #take({ nodes, graph, progress, eta, nodeId }: NodeProgressEvent): void {
    const { executionOrder, criticalPath, criticalPathKind, totalWeight, maxParallelism, edges } = graph;
    this.#state = {
      ...this.#state,
      nodes: new Map(nodes.map((node) => [node.id, node])),
      edges,
      executionOrder,
      criticalPath,
      ...(criticalPathKind !== undefined && { criticalPathKind }),
      totalWeight,
      maxParallelism,
      cachedProgress: progress,
      executionId: this.executionId,
      nodeId,
      eta,
    };
  }
}
