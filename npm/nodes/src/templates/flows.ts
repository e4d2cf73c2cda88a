/** Flows to start from. They are data: nothing is read from disk, so that they are there in a browser too. */
import { definedIn } from "@atomiton/values";
import { createNodeDefinition, type MadeNodeDefinition, type MadeNodeEdge } from "../definition/create.js";
import { getNodeDefinition } from "../types/definitions.js";
import { machineTypesIn } from "../types/machine-types.js";
import type { ShelvedTemplate, TemplateFlow, TemplateNode } from "./flow-file.js";
import dataTransform from "./flows/data-transform.flow.yaml";
import helloWorld from "./flows/hello-world.flow.yaml";
import imageProcessor from "./flows/image-processor.flow.yaml";
import { machineTemplates } from "./machine-templates.js";

/** A flow to start from, with ports and metadata in place for an editor. */
export interface FlowTemplate extends MadeNodeDefinition {
  nodes: MadeNodeDefinition[];
  edges: MadeNodeEdge[];
}

/** What a list of templates shows. */
export interface FlowTemplateSummary {
  /** A UUID. */
  id: string;
  name: string;
  description: string;
  /** Nodes of the flow, itself not counted. */
  nodeCount: number;
  /** The name for people to type, such as `hello-world`. */
  slug: string;
  /** The types of its nodes that need a machine, such as `file-system`; a page can run it by itself where there are none. */
  needs: string[];
}

// The marks keep templates out of bundles that use none.
const shelf: readonly ShelvedTemplate[] = /* @__PURE__ */ [
  { slug: "hello-world", otherSlugs: [] as string[], flow: helloWorld },
  { slug: "data-transform", otherSlugs: ["data-pipeline", "data-processor"], flow: dataTransform },
  { slug: "image-processor", otherSlugs: [], flow: imageProcessor },
].concat(machineTemplates);

const shelvedByName = /* @__PURE__ */ new Map(
  /* @__PURE__ */ shelf.flatMap((shelved) =>
    [shelved.flow.id, shelved.slug, ...shelved.otherSlugs].map((name) => [name, shelved]),
  ),
);

/** Every template. Each call makes copies that are the caller's to change. */
export function loadFlowTemplates(): FlowTemplate[] {
  return shelf.map(({ flow }) => definitionOf(flow));
}

/** The same, by the names under which `@atomiton/nodes/definitions` has it. */
export { loadFlowTemplates as getAllTemplates, loadFlowTemplates as loadBuiltInTemplates };

/**
 * A template by its UUID or its slug, such as `hello-world`; `data-transform` is also `data-pipeline` and
 * `data-processor`. A copy that is the caller's to change; `null` where there is no such template.
 */
export function getFlowTemplate(id: string): FlowTemplate | null {
  const shelved = shelvedByName.get(id);
  return shelved ? definitionOf(shelved.flow) : null;
}

/** A template by its UUID or slug, as {@link getFlowTemplate}; `undefined` where there is no such template. */
export function getTemplate(id: string): FlowTemplate | undefined {
  return getFlowTemplate(id) ?? undefined;
}

/** What templates there are, in the order of {@link loadFlowTemplates}. */
export function listFlowTemplates(): FlowTemplateSummary[] {
  return shelf.map(({ slug, flow: { id, name, description = "", nodes } }) => ({
    id,
    name,
    description,
    nodeCount: nodes.length,
    slug,
    needs: machineTypesIn({ nodes }),
  }));
}

function definitionOf(flow: TemplateFlow): FlowTemplate {
  const { nodes, edges, ...own } = structuredClone(flow);
  return { ...createNodeDefinition({ parameters: {}, ...own }), ...insideOf({ nodes, edges }) };
}

function insideOf({ nodes, edges = [] }: Pick<TemplateFlow, "nodes" | "edges">): Pick<FlowTemplate, "nodes" | "edges"> {
  return { nodes: nodes.map(nodeOf), edges: edges.map((edge) => ({ type: "default", ...edge })) };
}

/** The node with what its type says of ports, fields and metadata. Its parameters stay those of its author. */
function nodeOf({ nodes, edges, ...node }: TemplateNode): MadeNodeDefinition {
  const { metadata, fields, inputPorts, outputPorts } = getNodeDefinition(node.type) ?? { metadata: { id: node.type } };
  const ofType = definedIn(structuredClone({ metadata, fields, inputPorts, outputPorts }));
  const inside = nodes && insideOf({ nodes, edges });
  return createNodeDefinition({ parameters: {}, ...ofType, ...node, ...inside });
}
