/**
 * Schemas of a node, with what lies in it, and of its parts. They check shapes: whether edges lead anywhere, and parameters are
 * those of a type, is for validation. Keys that they do not name are kept, because editors have some of their own.
 */
import { array, boolean, looseObject, number, enum as oneOf, record, string, unknown } from "zod";

import { withoutEval } from "../library/json-schema.js";

const text = /* @__PURE__ */ string();
const name = /* @__PURE__ */ text.min(1);

/** Where an editor draws a node. */
export const nodePositionSchema = /* @__PURE__ */ withoutEval(() => looseObject({ x: number(), y: number() }));

/** What a node's executable is written in. */
export const nodeRuntimeSchema = /* @__PURE__ */ withoutEval(() => looseObject({ language: name }));

/** What a node is described by in the catalogue. Metadata of a flow may leave out all of it. */
export const nodeMetadataSchema = /* @__PURE__ */ withoutEval(() =>
  looseObject({
    id: name,
    name,
    author: text,
    description: text,
    category: text,
    icon: text,
    runtime: nodeRuntimeSchema.optional(),
    keywords: array(text).optional(),
    tags: array(text).optional(),
  }),
);

/** A place where values enter or leave a node. */
export const nodePortSchema = /* @__PURE__ */ withoutEval(() =>
  looseObject({
    id: name,
    name: text,
    type: oneOf(["input", "output"]),
    dataType: text,
    required: boolean().optional(),
    multiple: boolean().optional(),
    description: text.optional(),
  }),
);

/** An edge between two children of one node. */
export const nodeEdgeSchema = /* @__PURE__ */ withoutEval(() =>
  looseObject({
    id: name.optional(),
    source: string("Edge source is required").min(1, "Edge source is required"),
    target: string("Edge target is required").min(1, "Edge target is required"),
    // Editors write `null` for an edge without handles.
    sourceHandle: text.nullish(),
    targetHandle: text.nullish(),
    type: text.optional(),
  }),
);

/** A node, with the nodes and edges inside it. */
export const nodeDefinitionSchema = /* @__PURE__ */ withoutEval(() =>
  looseObject({
    id: string("Node ID is required").min(1, "Node ID is required"),
    type: string("Node type is required").min(1, "Node type is required"),
    version: text.optional(),
    name: text.optional(),
    position: nodePositionSchema.optional(),
    metadata: nodeMetadataSchema.partial().optional(),
    parameters: record(string(), unknown()).optional(),
    inputPorts: array(nodePortSchema).optional(),
    outputPorts: array(nodePortSchema).optional(),
    get nodes() {
      return array(nodeDefinitionSchema).optional();
    },
    edges: array(nodeEdgeSchema).optional(),
  }),
);
