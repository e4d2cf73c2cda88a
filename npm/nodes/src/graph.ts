/** The shape of a flow before it runs, for editors: levels, weights, critical path. Needs neither engine nor module. */
export {
  analyzeExecutionGraph,
  type ExecutionGraph,
  type ExecutionGraphNode,
  type GraphNode,
} from "./graph/analyze.js";
export { type CriticalPath, findCriticalPath } from "./graph/critical-path.js";
export { topologicalSort } from "./graph/levels.js";
export type { GraphEdge, GraphMember } from "./graph/scope.js";
export { DEFAULT_NODE_WEIGHT, getNodeWeight, NODE_WEIGHTS } from "./graph/weights.js";
