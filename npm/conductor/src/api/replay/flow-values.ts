/** The flow of a file of an execution, with other values: what the engine reads of it stays, so that its journal still fits. */
import type { Json } from "../../executions/tagged-json.js";

/** What becomes of the values in a flow. */
export interface FlowValues {
  /** Of an object of values by name: parameters without those that the engine reads, or declared variables. */
  fields(fields: Fields): { json: Json; paths: readonly string[] };
  /** Of a policy. */
  policy(policy: Json): Json;
  /** Of anything else that is written at a node or an edge, such as its name; `undefined` leaves it out. */
  other(value: Json): Json | undefined;
}

export type Fields = Record<string, Json>;

const OF_NODES = new Set(["id", "type", "version", "parentId"]);
const OF_EDGES = new Set(["id", "source", "target", "sourceHandle", "targetHandle"]);

const isWord = (value: Json) => typeof value === "string" && /^[a-z]{1,16}$/i.test(value);
const isNumber = (value: Json) => typeof value === "number";
const isFlag = (value: Json) => typeof value === "boolean";
const isTime = (value: Json) =>
  isNumber(value) || (typeof value === "string" && /^\d{1,12}(?:\.\d+)? ?[a-z]{0,7}$/i.test(value));
const isId = (value: Json, node: Fields) => {
  return Array.isArray(node.nodes) && node.nodes.some((child) => (child as Fields | null)?.id === value);
};

/** Parameters that the engine reads, and the values of them that it knows; see `engine/outline.ts`. */
const READ: Record<string, Record<string, (value: Json, node: Fields) => boolean>> = {
  "": { enabled: isFlag, retries: isNumber, retryDelay: isTime, timeout: isTime, parallel: isFlag },
  loop: { concurrency: isNumber, onError: isWord },
  parallel: { mode: isWord, count: isNumber },
  try: { catch: isId, finally: isId },
};

/** A flow with other values, and the nodes, by their place in the outline, of whose parameters something is missing. */
export function flowWith(root: Fields, values: FlowValues): { document: Fields; places: number[] } {
  const places: number[] = [];
  let next = 0;
  const visit = (node: Fields): Fields => {
    const place = next++;
    const made: Fields = {};
    for (const [key, value] of Object.entries(node)) {
      const written = OF_NODES.has(key) ? value : field(node, key, value, place);
      if (written !== undefined) made[key] = written;
    }
    return made;
  };
  const field = (node: Fields, key: string, value: Json, place: number): Json | undefined => {
    if (key === "nodes" && Array.isArray(value)) return value.map((child) => (isFields(child) ? visit(child) : child));
    if (key === "edges" && Array.isArray(value))
      return value.map((edge) => (isFields(edge) ? edgeWith(edge, values) : edge));
    if (key === "policy") return values.policy(value);
    if ((key !== "parameters" && key !== "variables") || !isFields(value)) return values.other(value);
    const [read, rest] = key === "parameters" ? split(node, value) : [{}, value];
    const { json, paths } = values.fields(rest);
    if (paths.length > 0 && key === "parameters") places.push(place);
    return { ...(json as Fields), ...read };
  };
  return { document: visit(root), places };
}

/** Parameters: those that the engine reads, and all others. */
function split(node: Fields, parameters: Fields): [read: Fields, rest: Fields] {
  const [read, rest]: [Fields, Fields] = [{}, {}];
  const known = { ...READ[""], ...(Object.hasOwn(READ, String(node.type)) && READ[String(node.type)]) };
  for (const [key, value] of Object.entries(parameters)) {
    const isRead = Object.hasOwn(known, key) && known[key]?.(value, node) === true;
    (isRead ? read : rest)[key] = value;
  }
  return [read, rest];
}

function edgeWith(edge: Fields, values: FlowValues): Fields {
  const entries = Object.entries(edge).flatMap(([key, value]): [string, Json][] => {
    const written = OF_EDGES.has(key) ? value : values.other(value);
    return written === undefined ? [] : [[key, written]];
  });
  return Object.fromEntries(entries);
}

/** Whether a value is an object with keys. */
export function isFields(json: Json | undefined): json is Fields {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
