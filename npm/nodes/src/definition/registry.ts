import { createNodeDefinition, createNodeMetadata, type NodeDefinition } from "./create.js";
import { defaultsOf, type NodeType } from "./node-type.js";
import { condition } from "./types/condition.js";
import { editFields } from "./types/edit-fields.js";
import { fileSystem } from "./types/file-system.js";
import { httpRequest } from "./types/http-request.js";
import { spreadsheet } from "./types/spreadsheet.js";
import { transform } from "./types/transform.js";

/** What the compiler knows of the types of this library, by name. */
export interface LibraryTypes {
  "http-request": typeof httpRequest;
  "file-system": typeof fileSystem;
  "edit-fields": typeof editFields;
  transform: typeof transform;
  spreadsheet: typeof spreadsheet;
  condition: typeof condition;
}

/** All types of this library by name, in the order of the catalogue. */
export const nodeTypes: ReadonlyMap<string, NodeType> = new Map(
  [httpRequest, fileSystem, editFields, transform, spreadsheet, condition].map((nodeType) => [nodeType.type, nodeType]),
);

/** A fresh definition of a type with its default parameters; `undefined` for a type this library does not have. */
export function getNodeDefinition(type: string): NodeDefinition | undefined {
  const nodeType = nodeTypes.get(type);
  return nodeType && definitionOf(nodeType);
}

/** A fresh definition of every type, in the order of the catalogue. */
export function getAllNodeDefinitions(): NodeDefinition[] {
  return Array.from(nodeTypes.values(), definitionOf);
}

function definitionOf(nodeType: NodeType): NodeDefinition {
  const { type, name, description, category, icon } = nodeType;
  return createNodeDefinition({
    id: type,
    type,
    name,
    metadata: createNodeMetadata({ id: type, name, description, category, icon }),
    parameters: defaultsOf(nodeType),
    fields: nodeType.parameterSchema.properties,
    inputPorts: nodeType.inputPorts.map((port) => ({ ...port })),
    outputPorts: nodeType.outputPorts.map((port) => ({ ...port })),
  });
}
