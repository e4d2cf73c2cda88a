/** What is known of the node types before they run: parameters, ports, defaults. Loads nothing else. */
export {
  type NodeDefinition,
  type NodeDefinitionInput,
  type NodeMetadata,
  createNodeDefinition,
  createNodeMetadata,
} from "./definition/create.js";
export { type NodePort, type NodeType, type ParameterSchema, defaultsOf } from "./definition/node-type.js";
export { getAllNodeDefinitions, getNodeDefinition, nodeTypes } from "./definition/registry.js";
