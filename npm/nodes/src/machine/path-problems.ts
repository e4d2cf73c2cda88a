/** Paths in the parameters of a flow that lead to nothing. */
import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";

import { messageOf } from "../contract/error.js";
import type { FileAccess } from "../contract/file-access.js";
import { isPlainObject, ownValue, type PlainObject } from "../data/input.js";
import { fontPath } from "../types/image/font.js";
import { picturePath } from "../types/image/sources.js";
import { missingPathText } from "./missing-path.js";
import { rootedPath } from "./rooted-path.js";

/** A path that leads to nothing, or to where no node may read. */
export interface PathProblem {
  code: "INVALID_PARAMETERS";
  severity: "warning";
  rule: "no-such-path" | "path-outside-roots";
  /** JSON pointer into the flow. */
  path: string;
  message: string;
  nodeId?: string;
}

/** Paths that are looked for. */
const MOST_PATHS = 1000;
/** Handles by which a path may come in that counts instead of the parameter. */
const PATH_HANDLES = ["path", "filePath", "file"];

/** A parameter with the path of something that a node reads or writes. */
interface NamedPath {
  name: string;
  value: string;
  /** Where the node is, as JSON pointer. */
  at: string;
  nodeId: unknown;
}

/**
 * Tells of the files and folders that nodes of a flow read and that are not there. One that the flow may make itself, or
 * whose path may come over an edge or from an expression, is passed over: what is there now says nothing of it. Of what is
 * outside of the roots of `access` only that is told, also of paths that are written to.
 */
export async function pathProblems(flow: unknown, access?: FileAccess): Promise<PathProblem[]> {
  const reads: NamedPath[] = [];
  const writes: NamedPath[] = [];
  look(flow, "", new Set(), reads, writes, 0);
  const problems: PathProblem[] = [];
  const tell = (rule: PathProblem["rule"], { name, at, nodeId }: NamedPath, message: string) => {
    problems.push({
      code: "INVALID_PARAMETERS",
      severity: "warning",
      rule,
      path: `${at}/parameters/${name}`,
      message,
      ...(typeof nodeId === "string" && { nodeId }),
    });
  };
  const inside: NamedPath[] = [];
  for (const named of access === undefined ? [] : [...reads, ...writes]) {
    await rootedPath(access, named.value).then(
      () => inside.push(named),
      (error: unknown) => tell("path-outside-roots", named, messageOf(error)),
    );
  }
  const made = writes.map(({ value }) => resolve(value));
  for (const named of reads) {
    if (access !== undefined && !inside.includes(named)) continue;
    const { value } = named;
    const whole = resolve(value);
    if (made.some((path) => whole === path || whole.startsWith(path + sep) || path.startsWith(whole + sep))) continue;
    if (await isThere(whole)) continue;
    tell("no-such-path", named, `There is no \`${value}\`: ${await missingPathText(value)}`);
  }
  return problems;
}

function look(
  node: unknown,
  at: string,
  inputs: Set<unknown>,
  reads: NamedPath[],
  writes: NamedPath[],
  depth: number,
): void {
  if (!isPlainObject(node) || reads.length >= MOST_PATHS || depth > MOST_PATHS) return;
  const parameters = ownValue(node, "parameters");
  if (isPlainObject(parameters) && parameters["enabled"] !== false) {
    const type = ownValue(node, "type");
    const comesIn = PATH_HANDLES.some((handle) => inputs.has(handle));
    const add = (paths: NamedPath[], names: readonly string[]) => {
      for (const name of names) {
        const value = literal(parameters, name);
        if (value !== undefined) paths.push({ name, value, at, nodeId: ownValue(node, "id") });
      }
    };
    if (type === "image") {
      for (const [name, value] of pictureNames(parameters, inputs))
        reads.push({ name, value, at, nodeId: ownValue(node, "id") });
    }
    if (type === "database") {
      const database = databaseName(parameters);
      const paths = parameters["operation"] === "execute" ? writes : reads;
      if (database !== undefined) paths.push({ ...database, at, nodeId: ownValue(node, "id") });
    }
    add(reads, comesIn ? [] : readNames(type, parameters));
    add(writes, madeNames(type, parameters));
  }
  const nodes = ownValue(node, "nodes");
  if (!Array.isArray(nodes)) return;
  const handles = handlesInto(ownValue(node, "edges"));
  for (const [index, child] of nodes.entries()) {
    const id: unknown = isPlainObject(child) ? ownValue(child, "id") : undefined;
    look(child, `${at}/nodes/${index}`, handles.get(id) ?? new Set(), reads, writes, depth + 1);
  }
}

function readNames(type: unknown, { operation = "read", path }: PlainObject): string[] {
  if (type === "wasm") return ["file"];
  if (type === "archive") return operation === "create" ? ["folder"] : ["path"];
  if (type === "spreadsheet") return operation === "write" ? [] : [path === undefined ? "filePath" : "path"];
  return type === "file-system" && ["read", "list", "stat", "copy", "move"].includes(operation as string)
    ? ["path"]
    : [];
}

/** The files of an image node, by the names of their parameters. Its base is what comes in before it is a parameter. */
function pictureNames(parameters: PlainObject, inputs: ReadonlySet<unknown>): [name: string, path: string][] {
  const { images } = parameters;
  const isAlone = inputs.size === 0;
  const named: [string, unknown, (text: string) => string | undefined][] = [["font", parameters["font"], fontPath]];
  if (isAlone) named.push(["baseImage", parameters["baseImage"], picturePath]);
  if (!inputs.has("overlayImage")) named.push(["overlayImage", parameters["overlayImage"], picturePath]);
  if (isAlone && Array.isArray(images)) {
    for (const [index, entry] of images.entries()) named.push([`images/${index}`, entry, picturePath]);
  }
  return named.flatMap(([name, value, find]): [string, string][] => {
    const path = isLiteral(value) ? find(value) : undefined;
    return path === undefined ? [] : [[name, path]];
  });
}

/** The file of a node that works on SQLite. */
function databaseName(parameters: PlainObject): { name: string; value: string } | undefined {
  const [, value] = /^sqlite:([^?]+)$/.exec(literal(parameters, "connection") ?? "") ?? [];
  return value === undefined ? undefined : { name: "connection", value };
}

function madeNames(type: unknown, { operation, path }: PlainObject): string[] {
  if (type === "spreadsheet" && operation === "write") return [path === undefined ? "filePath" : "path"];
  if (type === "archive") return operation === "create" ? ["path"] : operation === "extract" ? ["folder"] : [];
  if (type === "sql" || type === "image") return ["output"];
  if (type === "http-request") return ["saveTo"];
  if (type !== "file-system") return [];
  if (operation === "write" || operation === "append" || operation === "create") return ["path"];
  return operation === "copy" || operation === "move" ? ["targetPath"] : [];
}

/** The text of a parameter that says all by itself. */
function literal(parameters: PlainObject, name: string): string | undefined {
  const value = ownValue(parameters, name);
  return isLiteral(value) ? value : undefined;
}

function isLiteral(value: unknown): value is string {
  return typeof value === "string" && value !== "" && !value.includes("${{") && !value.includes("\0");
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
