/** Paths in the parameters of a flow that lead to nothing. */
import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";

import { isPlainObject, ownValue, type PlainObject } from "../data/input.js";
import { missingPathText } from "./missing-path.js";

/** A path that leads to nothing. */
export interface PathProblem {
  code: "INVALID_PARAMETERS";
  severity: "warning";
  rule: "no-such-path";
  /** JSON pointer into the flow. */
  path: string;
  message: string;
  nodeId?: string;
}

/** Paths that are looked for. */
const MOST_PATHS = 1000;
/** Handles by which a path may come in that counts instead of the parameter. */
const PATH_HANDLES = ["path", "filePath", "file"];

/** A parameter with the path of something that a node reads. */
interface ReadPath {
  name: string;
  value: string;
  /** Where the node is, as JSON pointer. */
  at: string;
  nodeId: unknown;
}

/**
 * Tells of the files and folders that nodes of a flow read and that are not there. One that the flow may make itself, or
 * whose path may come over an edge or from an expression, is passed over: what is there now says nothing of it.
 */
export async function pathProblems(flow: unknown): Promise<PathProblem[]> {
  const reads: ReadPath[] = [];
  const made: string[] = [];
  look(flow, "", new Set(), reads, made, 0);
  const problems: PathProblem[] = [];
  for (const { name, value, at, nodeId } of reads) {
    const whole = resolve(value);
    if (made.some((path) => whole === path || whole.startsWith(path + sep) || path.startsWith(whole + sep))) continue;
    if (await isThere(whole)) continue;
    problems.push({
      code: "INVALID_PARAMETERS",
      severity: "warning",
      rule: "no-such-path",
      path: `${at}/parameters/${name}`,
      message: `There is no \`${value}\`: ${await missingPathText(value)}`,
      ...(typeof nodeId === "string" && { nodeId }),
    });
  }
  return problems;
}

function look(node: unknown, at: string, inputs: Set<unknown>, reads: ReadPath[], made: string[], depth: number): void {
  if (!isPlainObject(node) || reads.length >= MOST_PATHS || depth > MOST_PATHS) return;
  const parameters = ownValue(node, "parameters");
  if (isPlainObject(parameters) && parameters["enabled"] !== false) {
    const type = ownValue(node, "type");
    const comesIn = PATH_HANDLES.some((handle) => inputs.has(handle));
    for (const name of comesIn ? [] : readNames(type, parameters)) {
      const value = literal(parameters, name);
      if (value !== undefined) reads.push({ name, value, at, nodeId: ownValue(node, "id") });
    }
    for (const name of madeNames(type, parameters)) {
      const value = literal(parameters, name);
      if (value !== undefined) made.push(resolve(value));
    }
  }
  const nodes = ownValue(node, "nodes");
  if (!Array.isArray(nodes)) return;
  const handles = handlesInto(ownValue(node, "edges"));
  for (const [index, child] of nodes.entries()) {
    const id: unknown = isPlainObject(child) ? ownValue(child, "id") : undefined;
    look(child, `${at}/nodes/${index}`, handles.get(id) ?? new Set(), reads, made, depth + 1);
  }
}

function readNames(type: unknown, { operation = "read", path }: PlainObject): string[] {
  if (type === "spreadsheet") return operation === "write" ? [] : [path === undefined ? "filePath" : "path"];
  return type === "file-system" && ["read", "list", "stat", "copy", "move"].includes(operation as string)
    ? ["path"]
    : [];
}

function madeNames(type: unknown, { operation, path }: PlainObject): string[] {
  if (type === "spreadsheet" && operation === "write") return [path === undefined ? "filePath" : "path"];
  if (type !== "file-system") return [];
  if (operation === "write" || operation === "append" || operation === "create") return ["path"];
  return operation === "copy" || operation === "move" ? ["targetPath"] : [];
}

/** The text of a parameter that says all by itself. */
function literal(parameters: PlainObject, name: string): string | undefined {
  const value = ownValue(parameters, name);
  const isLiteral = typeof value === "string" && value !== "" && !value.includes("${{") && !value.includes("\0");
  return isLiteral ? value : undefined;
}

function handlesInto(edges: unknown): Map<unknown, Set<unknown>> {
  const handles = new Map<unknown, Set<unknown>>();
  for (const edge of Array.isArray(edges) ? edges : []) {
    if (!isPlainObject(edge)) continue;
    const target = ownValue(edge, "target");
    const known = handles.get(target) ?? new Set();
    handles.set(target, known.add(ownValue(edge, "targetHandle")));
  }
  return handles;
}

/** What may not be looked at is left to the node. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    ({ code }: NodeJS.ErrnoException) => code !== "ENOENT" && code !== "ENOTDIR",
  );
}
