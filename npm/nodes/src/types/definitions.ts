import { LazyMap } from "../data/lazy-map.js";
import { createNodeDefinition, createNodeMetadata, type MadeNodeDefinition } from "../definition/create.js";
import { fieldsOf } from "../definition/fields.js";
import { defaultsOf, type NodeType } from "../definition/node-type.js";
import { FILLED_IN, withTextChecked } from "../definition/template-in-text.js";
import { archive } from "./archive/definition.js";
import { code } from "./code/definition.js";
import { compress } from "./compress/definition.js";
import { condition } from "./condition/definition.js";
import { cryptoType } from "./crypto/definition.js";
import { database } from "./database/definition.js";
import { dedupe } from "./dedupe/definition.js";
import { delay } from "./delay/definition.js";
import { diff } from "./diff/definition.js";
import { editFields } from "./edit-fields/definition.js";
import { email } from "./email/definition.js";
import { embed } from "./embed/definition.js";
import { fileChange } from "./file-change/definition.js";
import { fileSystem } from "./file-system/definition.js";
import { flowEnd } from "./flow-end/definition.js";
import { group } from "./group/definition.js";
import { html } from "./html/definition.js";
import { httpRequest } from "./http-request/definition.js";
import { image } from "./image/definition.js";
import { join } from "./join/definition.js";
import { llm } from "./llm/definition.js";
import { loop } from "./loop/definition.js";
import { merge } from "./merge/definition.js";
import { message } from "./message/definition.js";
import { parallel } from "./parallel/definition.js";
import { pivot } from "./pivot/definition.js";
import { python } from "./python/definition.js";
import { respond } from "./respond/definition.js";
import { sample } from "./sample/definition.js";
import { schedule } from "./schedule/definition.js";
import { shellCommand } from "./shell-command/definition.js";
import { sort } from "./sort/definition.js";
import { spreadsheet } from "./spreadsheet/definition.js";
import { sql } from "./sql/definition.js";
import { stop } from "./stop/definition.js";
import { subFlow } from "./sub-flow/definition.js";
import { switchType } from "./switch/definition.js";
import { template } from "./template/definition.js";
import { transform } from "./transform/definition.js";
import { tryType } from "./try/definition.js";
import { unpivot } from "./unpivot/definition.js";
import { until } from "./until/definition.js";
import { validate } from "./validate/definition.js";
import { waitForInput } from "./wait-for-input/definition.js";
import { wasm } from "./wasm/definition.js";
import { webhook } from "./webhook/definition.js";
import { webhookOut } from "./webhook-out/definition.js";
import { window } from "./window/definition.js";
import { xml } from "./xml/definition.js";

/** In the order of the catalogue: types that earlier versions had come first, in their order. */
const all = [
  parallel,
  group,
  image,
  httpRequest,
  fileSystem,
  editFields,
  transform,
  shellCommand,
  spreadsheet,
  loop,
  sql,
  condition,
  join,
  dedupe,
  sort,
  sample,
  pivot,
  unpivot,
  window,
  diff,
  validate,
  switchType,
  merge,
  delay,
  until,
  tryType,
  stop,
  subFlow,
  waitForInput,
  code,
  python,
  wasm,
  cryptoType,
  xml,
  html,
  template,
  compress,
  archive,
  webhook,
  respond,
  schedule,
  fileChange,
  flowEnd,
  webhookOut,
  message,
  email,
  llm,
  embed,
  database,
] as const;

type ByType<Types extends readonly NodeType[]> = { [Each in Types[number] as Each["type"]]: Each };

/** What the compiler knows of the types of this library, by name. */
export interface LibraryTypes extends ByType<typeof all> {}

/** All types of this library by name, in the order of the catalogue. */
export const nodeTypes: ReadonlyMap<string, NodeType> = new Map(
  all.map((nodeType) => [nodeType.type, FILLED_IN.has(nodeType.type) ? nodeType : withTextChecked(nodeType)]),
);

/** A fresh definition of a type with its default parameters; `undefined` for a type this library does not have. */
export function getNodeDefinition(type: string): MadeNodeDefinition | undefined {
  const nodeType = nodeTypes.get(type);
  return nodeType && definitionOf(nodeType);
}

/** A fresh definition of every type, in the order of the catalogue. */
export function getAllNodeDefinitions(): MadeNodeDefinition[] {
  return Array.from(nodeTypes.values(), definitionOf);
}

/** A fresh definition of every type by its category, categories and types in the order of the catalogue. */
export function getNodeDefinitionsGroupedByCategory(): Record<string, MadeNodeDefinition[]> {
  const groups: Record<string, MadeNodeDefinition[]> = {};
  for (const nodeType of nodeTypes.values()) {
    groups[nodeType.category] ??= [];
    groups[nodeType.category]?.push(definitionOf(nodeType));
  }
  return groups;
}

/** A definition of every type by its name, with its default parameters; they are made when the map is first looked at. */
export const nodeDefinitionRegistry: Map<string, MadeNodeDefinition> = /* @__PURE__ */ new LazyMap(() =>
  Array.from(nodeTypes.values(), (nodeType) => [nodeType.type, definitionOf(nodeType)] as const),
);

function definitionOf(nodeType: NodeType): MadeNodeDefinition {
  const { type, name, description, category, icon } = nodeType;
  return createNodeDefinition({
    id: type,
    type,
    name,
    metadata: createNodeMetadata({ id: type, name, description, category, icon }),
    parameters: defaultsOf(nodeType),
    fields: fieldsOf(nodeType),
    inputPorts: nodeType.inputPorts.map((port) => ({ ...port })),
    outputPorts: nodeType.outputPorts.map((port) => ({ ...port })),
  });
}
