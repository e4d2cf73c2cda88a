/** Flows as documents: reading, writing, checking, analysing. */
import type { Effects, EffectsOf } from "@atomiton/nodes";
import { messageOf } from "@atomiton/values";

import { CACHE_KEY_PATH } from "../expressions/parameters.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ErrorCode } from "../types/errors.js";
import type { FlowProblem } from "../types/flow.js";
import { type Backend, backend } from "./backend.js";
import { withCacheProblems } from "./cache-problems.js";
import { constants } from "./constants.js";
import { withVariableProblems } from "./declared-variables.js";
import { withFile } from "./flow-origin.js";
import { Graph, type NodeShape, type Shape } from "./graph.js";
import { withLostBranches } from "./lost-branches.js";
import { withHandleProblems } from "./named-handles.js";
import { type Outline, outlinedId, outlinedParent, outlineOf } from "./outline.js";
import { errorsFirst, withParameterProblems } from "./parameter-problems.js";
import { Plan } from "./plan.js";
import { withLostInputs } from "./same-handles.js";
import { SurplusEdges } from "./surplus-edges.js";

export type { FlowProblem } from "../types/flow.js";

/** A flow that could not be read or written. */
export class FlowTextError extends Error {
  override readonly name = "FlowTextError";
  readonly code: ErrorCode;

  /** @param problems at least one */
  constructor(
    readonly problems: readonly FlowProblem[],
    file?: string,
  ) {
    const [first] = problems as [FlowProblem];
    super(`${file === undefined ? "" : `${file}: `}${problemText(first)}`);
    this.code = first.code;
  }
}

/** The node whose field a pointer leads to. */
export function nodeAt(flow: NodeDefinition, path: string): NodeDefinition | undefined {
  let node: NodeDefinition | undefined = flow;
  for (const [, index] of path.matchAll(/\/nodes\/(\d+)/g)) node = node?.nodes?.[Number(index)];
  return node;
}

/** A problem in one line, with its place. */
export function problemText({ message, path, line, column }: FlowProblem): string {
  const at = line === undefined ? path : `line ${line}${column === undefined ? "" : `, column ${column}`}`;
  return at === "" ? message : `${message} (${at})`;
}

/** What a type says of itself beside the schema of its parameters. What it does not say is not checked. */
export interface DeclaredType {
  /** Handles that an edge may enter by; missing where any makes sense. */
  inputs?: string[];
  /** Handles that an edge may leave by; missing where any makes sense. */
  outputs?: string[];
  /** Whether its output names the handles that carry it, so that an edge from any other handle never does. */
  routed?: boolean;
  /** Whether it reads no other parameters than those of its schema. */
  complete?: boolean;
  /** Whether it is there for the nodes inside it, so that a node of this type without any is refused. */
  container?: boolean;
}

/** A type as node libraries and `defineNode` describe it, as far as its handles and parameters are concerned. */
export interface DescribedType {
  inputPorts: readonly { id: string }[];
  /** Handles that it looks at beside its ports. */
  otherInputs: readonly { id: string }[];
  /** Whether it looks at inputs of any other name as well. */
  hasOpenInputs: boolean;
  /** Whether it may read other parameters than those of its schema. */
  hasOpenParameters?: boolean;
  outputPorts: readonly { id: string }[];
  /** Keys of its output beside its ports. */
  otherOutputs: readonly { id: string }[];
  /** Whether edges may leave it by any other name as well. */
  hasOpenOutputs?: boolean;
  /** Whether its output names the ports that carry it. */
  routed?: boolean;
}

/** What a description says of a type; what is missing in it is not checked. */
export function declarationOf(type: Partial<DescribedType>): DeclaredType {
  const { inputPorts, outputPorts, otherInputs = [], otherOutputs = [], routed = false } = type;
  const ids = (ports: readonly { id: string }[]) => ports.map(({ id }) => id);
  return {
    ...(inputPorts !== undefined && !type.hasOpenInputs && { inputs: [...ids(inputPorts), ...ids(otherInputs)] }),
    // Where the output says by which handles it goes, keys of it are no handles.
    ...(outputPorts?.length &&
      !type.hasOpenOutputs && { outputs: routed ? ids(outputPorts) : [...ids(outputPorts), ...ids(otherOutputs)] }),
    routed,
    complete: inputPorts !== undefined && type.hasOpenParameters !== true,
  };
}

/** Ports beside the first one, which is that of the data; and the errors of a loop, which expressions alone read. */
export function partsOf({ outputPorts = [], otherOutputs = [], routed }: Partial<DescribedType>): readonly string[] {
  if (routed) return [];
  const others = otherOutputs.filter(({ id }) => id === "errors");
  return [...outputPorts.slice(1), ...others].map(({ id }) => id).filter((id) => id !== "result");
}

/** What is known of the types of nodes when a flow is checked. */
export interface FlowNodeTypes {
  /** JSON schema of the parameters by type. */
  schemas?: Record<string, unknown>;
  /** Node types of `defineNode`, or whatever else has the schema of its parameters; beside the others. */
  nodes?: readonly ({
    type: string;
    parameterSchema: unknown;
    effects?: Effects | EffectsOf;
  } & Partial<DescribedType>)[];
  /** What else is known of a type. */
  declared?: Record<string, DeclaredType>;
  /** Whether types that are in neither of these are refused. */
  closed?: boolean;
  /** The flow was written by a person: a key that nothing reads is an error. */
  file?: boolean;
  /** What a schema cannot say of the parameters of a node, such as that its code can be parsed. */
  check?(type: string, parameters: Record<string, unknown>): ParameterProblem[];
  /** What a type says that its nodes do to the world. */
  effects?(type: string): Effects | EffectsOf | undefined;
  /** Whether nodes of a type stand at the start of a saved flow, and begin executions of it. */
  isTrigger?(type: string): boolean;
  /** Parts of what nodes of a type give that have ports of their own; an edge from such a port brings all of the output. */
  parts?(type: string): readonly string[] | undefined;
  /** The handles by which edges may leave a node, where its parameters name them. */
  handles?(type: string, parameters: Record<string, unknown>): readonly string[] | undefined;
}

/** A problem of a node's parameters; its path begins there. */
export type ParameterProblem = Omit<FlowProblem, "nodeId" | "line" | "column">;

/**
 * Reads a flow from YAML or JSON, with the defaults of hand-written files. Without a format, a text that begins with `{` or
 * `[` is JSON where it can be read as such, and else YAML. `file`: where the text is from; paths of other flows in it are taken from its
 * folder. Throws `FlowTextError`.
 */
export function readFlow(text: string, format?: "yaml" | "json", file?: string): NodeDefinition {
  const answer = JSON.parse(backend().readFlow(text, format ?? "either")) as {
    flow?: NodeDefinition;
    problems?: FlowProblem[];
  };
  if (answer.flow === undefined) throw new FlowTextError(answer.problems ?? [], file);
  return withFile(answer.flow, file);
}

/** Writes a flow as YAML or JSON that reads back equal. Throws `FlowTextError`. */
export function writeFlow(flow: NodeDefinition, format: "yaml" | "json" = "yaml"): string {
  const answer = JSON.parse(backend().writeFlow(JSON.stringify(flow), format)) as {
    text?: string;
    problems?: FlowProblem[];
  };
  if (answer.text === undefined) throw new FlowTextError(answer.problems ?? []);
  return answer.text;
}

/**
 * Everything that is wrong with a flow, and after it what probably is, see `severity`. A flow without errors can be run.
 * Types are not checked unless they are given.
 */
export function validateFlow(flow: NodeDefinition, { nodes = [], ...types }: FlowNodeTypes = {}): FlowProblem[] {
  const schemas = { ...types.schemas, ...Object.fromEntries(nodes.map((node) => [node.type, node.parameterSchema])) };
  const declared = { ...types.declared, ...Object.fromEntries(nodes.map((node) => [node.type, declarationOf(node)])) };
  const surplus = new SurplusEdges();
  const used = new Set<string>();
  let text: string | undefined;
  try {
    text = JSON.stringify(flow, plainValues(flow, surplus, used));
  } catch (thrown) {
    const why = messageOf(thrown);
    return [error("", `The flow cannot be written as JSON: ${why}`)];
  }
  const asked = JSON.stringify({ ...types, ...descriptionsOf(used, schemas, declared), others: surplus.problems });
  const problems = JSON.parse(backend().validateFlow(text ?? "null", asked)) as FlowProblem[];
  const { check, handles, effects } = types;
  const ownParts = new Map(nodes.map((node) => [node.type, partsOf(node)]));
  const all = errorsFirst(problems, expressionProblems(flow));
  const checked = check === undefined ? all : withParameterProblems(all, flow, { ...types, check });
  const withHandles =
    handles === undefined
      ? checked
      : withHandleProblems(checked, flow, handles, (type) => ownParts.get(type) ?? types.parts?.(type));
  const own = new Map(nodes.map(({ type, effects = "writes" }) => [type, effects]));
  const effectsOf = (type: string) => own.get(type) ?? effects?.(type);
  const withCaches = withCacheProblems(withHandles, flow, effectsOf);
  const withInputs = withLostInputs(withCaches, flow, declared);
  return withVariableProblems(withLostBranches(withInputs, flow, text ?? "", { declared, effectsOf }), flow);
}

/**
 * What the engine has to know of the types: all of those that a flow uses, and the names of the others. To read the schemas of a whole
 * library takes longer than most flows run.
 */
function descriptionsOf(used: Set<string>, schemas: Record<string, unknown>, declared: Record<string, DeclaredType>) {
  const names = [...Object.keys(schemas), ...Object.keys(declared)];
  return {
    schemas: Object.fromEntries(names.map((name) => [name, used.has(name) ? (schemas[name] ?? true) : true])),
    declared: Object.fromEntries(Object.entries(declared).filter(([name]) => used.has(name))),
  };
}

function error(path: string, message: string): FlowProblem {
  return { code: "VALIDATION_FAILED", severity: "error", path, message };
}

/**
 * Why a flow cannot be run: problems of its shape only. Values of parameters are not looked at. None where the engine
 * cannot start, which is no fault of the flow.
 */
export function shapeProblems(flow: NodeDefinition): FlowProblem[] {
  return shapeFindings(flow).filter(({ severity }) => severity === "error");
}

/** Outlines of flows without problems of their shape. */
const sound = new WeakSet<Outline>();

/**
 * Whether a flow has no problems of its shape. A flow that has its outline from before is not looked at again: what the engine runs
 * did not change since then.
 */
export function isSound(flow: NodeDefinition): boolean {
  const outline = outlineOf(flow);
  if (sound.has(outline)) return true;
  if (shapeProblems(flow).length > 0) return false;
  sound.add(outline);
  return true;
}

/** Policies that nothing carries out. */
export function ignoredPolicies(flow: NodeDefinition): FlowProblem[] {
  return shapeFindings(flow).filter(({ rule }) => rule === "ignored-policy");
}

/** What a run of a flow is warned of; nothing where that cannot be found out. */
export function flowWarnings(flow: NodeDefinition, types: FlowNodeTypes): FlowProblem[] {
  if (startedBackend() === undefined) return [];
  try {
    // Of values that are lost the run warns itself, with the nodes that they came from.
    return validateFlow(flow, types).filter(({ severity, rule }) => severity === "warning" && rule !== "same-handle");
  } catch {
    // A definition that throws when it is read again was run all the same.
    return [];
  }
}

function shapeFindings(flow: NodeDefinition): FlowProblem[] {
  const engine = startedBackend();
  if (engine === undefined) return [];
  try {
    const skeleton = new Skeleton();
    const text = JSON.stringify(skeleton.of(flow, 0));
    const asked = JSON.stringify({ schemas: {}, others: skeleton.surplus.problems });
    const problems = JSON.parse(engine.validateFlow(text, asked)) as FlowProblem[];
    const isBroken = problems.some(({ severity }) => severity === "error");
    return isBroken ? problems : errorsFirst(problems, expressionProblems(flow));
  } catch (thrown) {
    const why = messageOf(thrown);
    return [error("", `The flow cannot be read: ${why}`)];
  }
}

/** What is wrong with the expressions of a flow. */
function expressionProblems(flow: NodeDefinition): FlowProblem[] {
  let outline: Outline;
  try {
    outline = outlineOf(flow);
  } catch {
    // A definition that does not let itself be looked at has other problems.
    return [];
  }
  const problems = outline.expressions?.problems ?? [];
  if (problems.length === 0) return [];
  const paths = pathsOf(outline);
  return problems.slice(0, constants().limits.problems).map(({ node, place, message, code }) => ({
    code,
    severity: "error",
    rule: "expression",
    path: `${paths[node]}${place === CACHE_KEY_PATH ? "" : "/parameters"}${place.map((key) => `/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("")}`,
    message,
    nodeId: outlinedId(outline, node),
  }));
}

/** The nodes of an outline as JSON pointers. */
function pathsOf(outline: Outline): string[] {
  const children = new Array<number>(outline.nodes.length).fill(0);
  const paths = [""];
  for (let node = 1; node < outline.nodes.length; node++) {
    const parent = outlinedParent(outline, node);
    paths.push(`${paths[parent]}/nodes/${children[parent]}`);
    children[parent] = (children[parent] as number) + 1;
  }
  return paths;
}

function startedBackend(): Backend | undefined {
  try {
    return backend();
  } catch {
    return undefined;
  }
}

/** The shape of a flow, scope by scope. */
export interface FlowAnalysis extends Shape {
  /** The children of the flow, in declared order. */
  nodes: NodeShape[];
  /** Nodes at every depth, the flow itself included. */
  size: number;
  /** The shape of each group inside, by the ids that lead to it joined with `/`. */
  groups: Map<string, Shape>;
}

/** Levels, critical path, weights and parallelism of a flow. Throws `FlowTextError` when it cannot be run. */
export function analyseFlow(flow: NodeDefinition): FlowAnalysis {
  const plan = new Plan(outlineOf(flow));
  const graph = new Graph(plan);
  if (!graph.exists) throw new FlowTextError(shapeProblems(flow));
  const shape = graph.shape(0);
  const { executionOrder, criticalPath, criticalPathWeight, totalWeight, maxParallelism } = shape;
  return {
    executionOrder,
    criticalPath,
    criticalPathWeight,
    totalWeight,
    maxParallelism,
    size: plan.length,
    get edges() {
      return shape.edges;
    },
    get nodes() {
      return graph.listed.map((index) => graph.node(index));
    },
    get groups() {
      const groups = new Map<string, Shape>();
      for (let node = 1; node < plan.length; node++) {
        if (!plan.isLeaf(node)) groups.set(pathOf(plan, node), graph.shape(node));
      }
      return groups;
    },
  };
}

function pathOf(plan: Plan, node: number): string {
  const ids: string[] = [];
  for (let at = node; at !== 0; at = plan.parent(at)) ids.unshift(plan.node(at).id);
  return ids.join("/");
}

/** Only what decides whether a flow can be run, so that parameters may hold anything. */
class Skeleton {
  private readonly limits = constants().limits;
  readonly surplus = new SurplusEdges();
  private nodes = 0;
  /** A limit of the engine is passed, which is enough to know; groups that contain each other have no end. */
  private enough = false;

  /** `groups`: how many are around the node. */
  of(node: unknown, groups: number): unknown {
    // What is no object at all lacks both id and type.
    if (typeof node !== "object" || node === null) return {};
    const { id, type, policy, nodes, edges, parameters } = node as NodeDefinition;
    if (groups > this.limits.groups || ++this.nodes > this.limits.nodes + 1) this.enough = true;
    const inner = !this.enough && Array.isArray(nodes) ? nodes : undefined;
    return {
      id,
      type,
      policy,
      ...heeded(parameters, type),
      ...(inner && { nodes: this.children(inner, groups + 1) }),
      ...(inner &&
        !this.enough &&
        Array.isArray(edges) && { edges: this.surplus.without(edges, inner).map(edgeSkeleton) }),
    };
  }

  private children(nodes: unknown[], groups: number): unknown[] {
    const children: unknown[] = [];
    for (let i = 0; i < nodes.length && !(this.enough && i > 0); i++) children.push(this.of(nodes[i], groups));
    return children;
  }
}

/** Parameters of which the branches of a group, or the sections of a `try`, are made. */
function heeded(parameters: unknown, type: unknown): { parameters?: Record<string, unknown> } {
  if (typeof parameters !== "object" || parameters === null) return {};
  const { enabled, mode, count, parallel, catch: rescue, finally: last } = parameters as Record<string, unknown>;
  if (type === "try") return { parameters: { enabled, catch: plain(rescue), finally: plain(last) } };
  if (type !== "parallel" || mode === undefined) return enabled === false ? { parameters: { enabled } } : {};
  return { parameters: { enabled, mode: plain(mode), count: plain(count), parallel: plain(parallel) } };
}

/** A value that JSON can tell; anything else by its kind. */
function plain(value: unknown): unknown {
  if (value === undefined || value === null || typeof value === "string" || typeof value === "boolean") return value;
  return Number.isFinite(value) ? value : Array.isArray(value) ? [] : typeof value === "object" ? {} : String(value);
}

function edgeSkeleton(edge: unknown): unknown {
  if (typeof edge !== "object" || edge === null) return edge ?? null;
  const { id, source, target } = edge as { id: unknown; source: unknown; target: unknown };
  return { id, source, target };
}

/** Values in the largest text that is read, each with a comma. */
const MAX_VALUES = 16 * 1024 * 1024;

/**
 * What JSON has no word for becomes text, so that it can be told about instead of ending the check. Throws when there is
 * more than any text may hold: a few objects that share each other write out without end.
 *
 * @param used gets the types of all nodes, and whatever else is called a type
 */
function plainValues(
  flow: NodeDefinition,
  surplus: SurplusEdges,
  used: Set<string>,
): (key: string, value: unknown) => unknown {
  let count = 0;
  // Groups of the flow: parameters may hold anything, what looks like a group as well.
  const groups = new WeakSet<object>(typeof flow === "object" && flow !== null ? [flow] : []);
  return function (this: { nodes?: unknown }, key, value) {
    if (Array.isArray(value) && groups.has(this)) {
      if (key === "edges") return surplus.without(value, this.nodes);
      if (key === "nodes") for (const node of value) if (Array.isArray(node?.edges)) groups.add(node);
    }
    if (key === "type" && typeof value === "string") used.add(value);
    if (++count > MAX_VALUES) throw new RangeError(`it holds more than ${MAX_VALUES} values`);
    return typeof value === "bigint" ? `${value}` : value;
  };
}

/** A problem with its place, such as `parameters.limitCount: …`; of the node itself, only what is wrong. */
export function problemWithPlace({ path, message }: FlowProblem): string {
  const place = path.split("/").slice(1).join(".");
  return place === "" ? message : `${place}: ${message}`;
}
