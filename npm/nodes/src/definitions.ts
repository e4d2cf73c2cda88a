/** What is known of the node types before they run: parameters, ports, defaults. Loads nothing else. */

export { closeNames, meantText, namesText } from "./contract/close-names.js";
export type { FileAccess } from "./contract/file-access.js";
export type { NetworkAccess } from "./contract/network-access.js";
export { NO_PROGRAMS, PROGRAMS_ADVICE } from "./contract/program-access.js";
export {
  createNodeDefinition,
  createNodeMetadata,
  type MadeNodeDefinition,
  type MadeNodeEdge,
  type MadeNodeMetadata,
  type Node,
  type NodeDefinition,
  type NodeDefinitionInput,
  type NodeEdge,
  type NodeMetadata,
  type NodeParameters,
  type NodePosition,
  type NodeRuntime,
} from "./definition/create.js";
export { effectsText } from "./definition/effects-text.js";
export {
  fieldsOf,
  type NodeFieldConfig,
  type NodeFieldControlType,
  type NodeFieldsConfig,
} from "./definition/fields.js";
export { flowSchema } from "./definition/flow-schema.js";
export {
  defaultsOf,
  type NodeLimit,
  type NodeNeed,
  type NodePort,
  type NodeTouch,
  type NodeType,
  type ParameterProblem,
  type ParameterSchema,
  type Parsers,
} from "./definition/node-type.js";
export { nodeTypePage, touchesText } from "./definition/page.js";
export { getAllTemplates, getTemplate, loadBuiltInTemplates } from "./templates/flows.js";
export {
  getAllNodeDefinitions,
  getNodeDefinition,
  getNodeDefinitionsGroupedByCategory,
  type LibraryTypes,
  nodeDefinitionRegistry,
  nodeTypes,
} from "./types/definitions.js";
export { type NodeExample, nodeExamples } from "./types/examples.js";
export { machineTypesIn, type TypedNode } from "./types/machine-types.js";
export type * from "./types/parameters.js";
