/** The node library: what its types are (`./definitions`), what they do (`./executables`), and the words both use. */
export { type Effects, type EffectsOf, effectsOf } from "./contract/effects.js";
export { codeOf, errorCode, NodeError, type NodeErrorCode } from "./contract/error.js";
export type {
  Ask,
  LoopItems,
  LoopRounds,
  NodeExecutable,
  NodeParams,
  NodeQuestion,
  RunFlow,
  Sleep,
} from "./contract/executable.js";
export { type FiredTrigger, type FiringInput, firingOf, triggered } from "./contract/firing.js";
export type { Answer, Responder } from "./contract/responder.js";
export { isRouted, routed, routesOf } from "./contract/routed.js";
export * from "./definitions.js";
export { getNodeExecutable, nodeExecutableRegistry, nodes } from "./executables.js";
export {
  type DefinedNode,
  type DefinedTypes,
  defineNode,
  type NodeCall,
  type NodeLog,
  type NodeTypeDefinition,
} from "./own/define-node.js";
export type { AnySchema, JsonSchema, Parsed, StandardSchema, Written } from "./own/schema.js";
