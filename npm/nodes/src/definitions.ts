/** What is known of the node types before they run: parameters, ports, defaults. Loads nothing else. */
export {
  createNodeDefinition,
  createNodeMetadata,
  type NodeDefinition,
  type NodeDefinitionInput,
  type NodeEdge,
  type NodeMetadata,
} from "./definition/create.js";
export { defaultsOf, type NodePort, type NodeType, type ParameterSchema } from "./definition/node-type.js";
export { getAllNodeDefinitions, getNodeDefinition, nodeTypes } from "./definition/registry.js";
