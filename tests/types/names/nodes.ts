/** The node library as an editor reads it: every name, and what is promised of it. */

import * as definitions from "@atomiton/nodes/definitions";
import * as graph from "@atomiton/nodes/graph";
import * as schemas from "@atomiton/nodes/schemas";
import * as templates from "@atomiton/nodes/templates/flows";

import type { Fits, Holds, Same, Untyped } from "./check.js";

interface Definitions {
  createNodeDefinition(given?: definitions.NodeDefinitionInput): definitions.NodeDefinition;
  createNodeMetadata(given?: Partial<definitions.NodeMetadata>): definitions.NodeMetadata;
  getAllNodeDefinitions(): definitions.NodeDefinition[];
  getAllTemplates(): definitions.NodeDefinition[];
  getNodeDefinition(type: string): definitions.NodeDefinition | undefined;
  getNodeDefinitionsGroupedByCategory(): Record<string, definitions.NodeDefinition[]>;
  getTemplate(id: string): definitions.NodeDefinition | undefined;
  loadBuiltInTemplates(): definitions.NodeDefinition[];
  nodeDefinitionRegistry: Map<string, definitions.NodeDefinition>;
}

interface Schema<Value> {
  parse(value: unknown): Value;
  safeParse(value: unknown): { success: boolean; data?: Value };
}

interface Schemas {
  getNodeSchema(type: string): Schema<Record<string, unknown>> | undefined;
  nodeSchemaRegistry: Map<string, Schema<Record<string, unknown>>>;
  nodeDefinitionSchema: Schema<{ id: string; type: string }>;
  nodeEdgeSchema: Schema<{ source: string; target: string }>;
  nodeMetadataSchema: Schema<{ id: string; name: string }>;
  nodePortSchema: Schema<{ id: string; type: "input" | "output" }>;
  nodePositionSchema: Schema<{ x: number; y: number }>;
  nodeRuntimeSchema: Schema<{ language: string }>;
}

interface Graph {
  analyzeExecutionGraph(node: definitions.NodeDefinition): graph.ExecutionGraph;
  topologicalSort(nodes: { id: string }[], edges: definitions.NodeEdge[]): string[][];
  getNodeWeight(type: string): number;
}

interface Templates {
  loadFlowTemplates(): templates.FlowTemplate[];
  getFlowTemplate(id: string): templates.FlowTemplate | null;
}

export const values = [
  definitions satisfies Definitions,
  schemas satisfies Schemas,
  graph satisfies Graph,
  templates satisfies Templates,
];

/** The types of editors by name. */
interface EditorTypes {
  Node: definitions.Node;
  NodeDefinition: definitions.NodeDefinition;
  NodeEdge: definitions.NodeEdge;
  NodeFieldConfig: definitions.NodeFieldConfig;
  NodeFieldControlType: definitions.NodeFieldControlType;
  NodeFieldsConfig: definitions.NodeFieldsConfig;
  NodeMetadata: definitions.NodeMetadata;
  NodeParameters: definitions.NodeParameters;
  NodePort: definitions.NodePort;
  NodePosition: definitions.NodePosition;
  NodeRuntime: definitions.NodeRuntime;
  ExecutionGraph: graph.ExecutionGraph;
  ExecutionGraphNode: graph.ExecutionGraphNode;
}

/** A form as an editor builds it of the fields of a type. */
export function formOf(type: string): string[] {
  const { fields = {}, metadata, parameters } = definitions.getNodeDefinition(type) ?? {};
  // Of a definition that was made here, nothing has to be asked for.
  const words: string = [...(metadata?.keywords ?? []), ...(metadata?.tags ?? [])].join(" ");
  return Object.entries(fields).flatMap(([name, field]) => {
    const { controlType, label, placeholder, helpText, options, min, max, step, rows, required } = field;
    const values: { value: string; label: string }[] = options ?? [];
    const bounds: (number | undefined)[] = [min, max, step, rows];
    const texts: (string | undefined)[] = [label, placeholder, helpText, words, String(parameters?.[name])];
    const shown = controlType === "select" ? values.map((option) => option.label) : [];
    return [`${name}${required === true ? "*" : ""}`, ...shown, ...bounds.map(String), ...texts.map(String)];
  });
}

/** Nodes and edges as an editor writes them, with nothing that is optional. */
const metadata: definitions.NodeMetadata = {
  id: "a",
  name: "A",
  author: "me",
  description: "",
  category: "io",
  icon: "file",
};
const position: definitions.NodePosition = { x: 0, y: 0 };
const parameters: definitions.NodeParameters = { url: "https://example.com" };
const fields: definitions.NodeFieldsConfig = { url: { controlType: "url", label: "URL" } };
export const node: definitions.Node = {
  ...{ id: "a", type: "http-request", version: "1.0.0", name: "A", inputPorts: [], outputPorts: [] },
  ...{ metadata, position, parameters, fields },
};
export const edge: definitions.NodeEdge = { source: "a", target: "b", sourceHandle: null };
export const made = definitions.createNodeDefinition({ type: "http-request", metadata: { id: "a" } });
export const madeEdges: { id: string; type: string }[] = templates.loadFlowTemplates().flatMap(({ edges }) => edges);

/** Parameters as an editor that knows the old ones alone builds them. */
const shared = { enabled: true, timeout: 30_000, retries: 1 };
export const built = {
  parallel: {
    ...shared,
    ...{ concurrency: 5, strategy: "all", operationTimeout: 1000, globalTimeout: 5000 },
    ...{ failFast: false, maintainOrder: true },
  } satisfies definitions.ParallelParameters,
  group: { ...shared, parallel: false } satisfies definitions.GroupParameters,
  loop: { ...shared, loopType: "times", count: 3, collectResults: true } satisfies definitions.LoopParameters,
  httpRequest: { ...shared, method: "GET", url: "", headers: {} } satisfies definitions.HttpRequestParameters,
  fileSystem: { ...shared, operation: "read", path: "", recursive: false } satisfies definitions.FileSystemParameters,
  editFields: { ...shared, values: {}, keepOnlySet: false } satisfies definitions.EditFieldsParameters,
  shellCommand: {
    ...shared,
    program: "ls",
    args: [],
    captureOutput: true,
  } satisfies definitions.ShellCommandParameters,
  spreadsheet: { ...shared, hasHeaders: true, skipEmptyLines: true } satisfies definitions.SpreadsheetParameters,
  transform: {
    ...shared,
    ...{ operation: "map", transformFunction: "", sortDirection: "asc" },
    ...{ flattenDepth: 1, limitCount: 1, skipCount: 0, sliceStart: 0 },
  } satisfies definitions.TransformParameters,
};

const http = schemas.httpRequestSchema.parse({});
const byName = schemas.getNodeSchema("file-system").parse({});

export type Statements = [
  Holds<Same<Untyped<EditorTypes>, never>>,
  Holds<Same<Untyped<definitions.ParametersByType>, never>>,
  // Every type of the library has parameters by name.
  Holds<Same<keyof definitions.ParametersByType, keyof definitions.LibraryTypes>>,
  Holds<Same<definitions.Node, definitions.NodeDefinition>>,
  Holds<Same<definitions.NodeDefinition["fields"], definitions.NodeFieldsConfig>>,
  Holds<Same<definitions.NodeFieldsConfig, Record<string, definitions.NodeFieldConfig>>>,
  Holds<Same<definitions.NodeParameters, Record<string, unknown>>>,
  // Optional where they are read.
  Holds<Same<definitions.NodeMetadata["runtime"], definitions.NodeRuntime | undefined>>,
  Holds<Same<definitions.NodeMetadata["keywords"], string[] | undefined>>,
  Holds<Same<definitions.NodeMetadata["tags"], string[] | undefined>>,
  Holds<Same<definitions.NodeEdge["id"], string | undefined>>,
  Holds<Same<definitions.NodeEdge["type"], string | undefined>>,
  // Given where they are made.
  Holds<Same<typeof made.metadata.runtime, definitions.NodeRuntime>>,
  Holds<Same<typeof made.metadata.keywords, string[]>>,
  Holds<Same<typeof made.metadata.tags, string[]>>,
  Holds<Same<definitions.MadeNodeEdge["id"], string>>,
  Holds<Same<definitions.MadeNodeEdge["type"], string>>,
  Holds<Fits<definitions.MadeNodeDefinition, definitions.NodeDefinition>>,
  Holds<Fits<definitions.NodeDefinition, Parameters<typeof graph.analyzeExecutionGraph>[0]>>,
  // What a schema gives is what the type says.
  Holds<Same<typeof http, definitions.HttpRequestParameters>>,
  Holds<Same<typeof byName, definitions.FileSystemParameters>>,
  Holds<Same<ReturnType<typeof schemas.transformSchema.parse>, definitions.TransformParameters>>,
  Holds<Same<ReturnType<typeof schemas.loopSchema.parse>, schemas.LoopParameters>>,
  Holds<
    Same<definitions.HttpRequestParameters["method"], "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD" | "OPTIONS">
  >,
  Holds<Same<definitions.HttpRequestParameters["headers"], Record<string, string> | string>>,
  Holds<Same<definitions.HttpRequestParameters["body"], unknown>>,
  Holds<Same<definitions.FileSystemParameters["content"], string | undefined>>,
  Holds<Same<definitions.TransformParameters["timeout"], number>>,
  Holds<Same<definitions.TransformParameters["sortKey"], string | undefined>>,
  Holds<Same<definitions.TransformParameters["enabled"], boolean>>,
  Holds<Same<definitions.TransformParameters["retries"], number>>,
  Holds<Same<definitions.ShellCommandParameters["args"], string[] | string>>,
];
