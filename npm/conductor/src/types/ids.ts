/** Ids of nodes and of executions, told apart by the compiler. */
import { uuid } from "./uuid.js";

declare const brand: unique symbol;

/** Identifies one execution: `exec_<uuid>`, or whatever the caller chose. */
export type ExecutionId = string & { readonly [brand]?: "execution" };
/** Identifies a node within its group. */
export type NodeId = string & { readonly [brand]?: "node" };

/** The id itself when it is given, else a new one. */
export function createExecutionId(id?: string): ExecutionId {
  return id || `exec_${uuid()}`;
}

/** The id itself when it is given, else a new one. */
export function createNodeId(id?: string): NodeId {
  return id || `node_${uuid()}`;
}

/** Takes a string as execution id. Throws for anything that is not a non-empty string. */
export function toExecutionId(id: string): ExecutionId {
  if (typeof id !== "string" || id === "") {
    throw new Error("Invalid execution ID: must be a non-empty string");
  }
  return id;
}

/** Takes a string as node id. Throws for anything that is not a non-empty string. */
export function toNodeId(id: string): NodeId {
  if (typeof id !== "string" || id === "") {
    throw new Error("Invalid node ID: must be a non-empty string");
  }
  return id;
}

/** Whether a value can be an execution id. */
export function isExecutionId(value: unknown): value is ExecutionId {
  return typeof value === "string" && value !== "";
}

/** Whether a value can be a node id. */
export function isNodeId(value: unknown): value is NodeId {
  return typeof value === "string" && value !== "";
}

/** The id as a plain string. */
export function executionIdToString(id: ExecutionId): string {
  return id as string;
}

/** The id as a plain string. */
export function nodeIdToString(id: NodeId): string {
  return id as string;
}

/** Takes strings as node ids. */
export function toNodeIds(ids: readonly string[]): NodeId[] {
  return ids.map(toNodeId);
}

/** The ids as plain strings. */
export function nodeIdsToStrings(ids: readonly NodeId[]): string[] {
  return ids.map(nodeIdToString);
}
