/**
 * Schemas for editors: of the parameters of each type, and of flows and their parts. They check at once and have the methods of
 * zod, whose version `package.json` names.
 */
export {
  nodeDefinitionSchema,
  nodeEdgeSchema,
  nodeMetadataSchema,
  nodePortSchema,
  nodePositionSchema,
  nodeRuntimeSchema,
} from "./schemas/flow.js";
export {
  type AnyNodeSchema,
  getNodeSchema,
  type NodeSchema,
  type NodeSchemaOptions,
  nodeSchemaRegistry,
} from "./schemas/parameters.js";
export * from "./schemas/types.js";
export type * from "./types/parameters.js";
