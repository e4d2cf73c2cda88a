/** Flows written in code: definitions as a file would give them, of which the compiler knows every id and handle. */
import { definedIn } from "@atomiton/values";
import type { NodeDefinition, NodeEdge, NodePolicy, TypedFlow } from "../types/definition.js";
import type {
  EdgeEnd,
  Expression,
  KnownNode,
  KnownNodes,
  NodeAt,
  NodeKind,
  NodeOf,
  NoNodes,
  OutputOf,
  ParametersOf,
} from "./types.js";

/** What a node or flow has beside its type and parameters. */
export interface NodeOptions {
  /** For people. Default: the id. */
  name?: string;
  description?: string;
  policy?: NodePolicy;
  metadata?: Record<string, unknown>;
  position?: { x: number; y: number };
}

/** What a flow has beside its nodes. */
export interface FlowOptions extends NodeOptions {
  version?: string;
  /** Variables with their defaults. */
  variables?: Record<string, unknown>;
  /** `runtime: { parallel, timeout }`. */
  settings?: Record<string, unknown>;
}

/** What a loop runs over. */
export interface LoopParameters {
  /** Its items. Without it and `count`, those of an array that comes in. */
  array?: readonly unknown[] | Expression;
  /** How many times, where there are no items. */
  count?: number | Expression;
  /** Items at once. */
  concurrency?: number | Expression;
}

/** The nodes inside a `try` that do not begin with it, by their ids. */
export interface TrySections<Catch extends string = string, Finally extends string = string> {
  /** Runs after a failure of the others, and gives what the `try` gives then. */
  catch?: Catch;
  /** Runs at the end in any case. */
  finally?: Finally;
}

/** The output of a loop. */
export interface LoopOutput<Output> {
  /** The output of the last node inside, for each item. */
  results: Output[];
  iterationCount: number;
}

type Rest<P> = NoNodes extends P ? [parameters?: P, options?: NodeOptions] : [parameters: P, options?: NodeOptions];
type Free<Id, Nodes> = Id extends keyof Nodes ? never : unknown;
type With<Nodes, Id extends string, Node extends KnownNode> = Nodes & { [Key in Id]: Node };
/** Whether ids are those of nodes. */
type Inside<Ids, Nodes> = [Ids] extends [keyof Nodes] ? unknown : never;
type Scope<Output> = { inputs: string; outputs: string; output: Output };

/**
 * A scope that is being written. Every call gives a new one and leaves the old as it is, so that several flows may begin
 * alike.
 */
export class FlowBuilder<Nodes extends KnownNodes, Left extends string> {
  readonly #frame: NodeDefinition;
  readonly #nodes: readonly NodeDefinition[];
  readonly #edges: readonly NodeEdge[];

  /** Use {@link flow}. */
  constructor(frame: NodeDefinition, nodes: readonly NodeDefinition[] = [], edges: readonly NodeEdge[] = []) {
    this.#frame = frame;
    this.#nodes = nodes;
    this.#edges = edges;
  }

  /** Adds a node: its id, a type of the library by name or one of `defineNode`, its parameters, and what else it has. */
  node<const Id extends string, const T extends NodeKind>(
    id: Id & Free<Id, Nodes>,
    type: T,
    ...[parameters, options]: Rest<ParametersOf<T>>
  ): FlowBuilder<With<Nodes, Id, NodeOf<T>>, Left> {
    const name = typeof type === "string" ? type : type.type;
    return this.#with({
      ...nodeOf(id, name, options),
      ...(parameters !== undefined && { parameters: { ...parameters } }),
    });
  }

  /** Adds a group, with what `inside` adds to it. */
  group<const Id extends string, Inner extends KnownNodes, InnerLeft extends string>(
    id: Id & Free<Id, Nodes>,
    inside: (group: FlowBuilder<NoNodes, never>) => FlowBuilder<Inner, InnerLeft>,
    options?: NodeOptions,
  ): FlowBuilder<With<Nodes, Id, Scope<OutputOf<Inner, InnerLeft>>>, Left> {
    return this.#with(inside(new FlowBuilder(nodeOf(id, "group", options))).build());
  }

  /** Adds a loop, which runs what `inside` adds to it once per item. */
  loop<const Id extends string, Inner extends KnownNodes, InnerLeft extends string>(
    id: Id & Free<Id, Nodes>,
    parameters: LoopParameters,
    inside: (loop: FlowBuilder<NoNodes, never>) => FlowBuilder<Inner, InnerLeft>,
    options?: NodeOptions,
  ): FlowBuilder<With<Nodes, Id, Scope<LoopOutput<OutputOf<Inner, InnerLeft>>>>, Left> {
    const frame = { ...nodeOf(id, "loop", options), parameters: { ...parameters } };
    return this.#with(inside(new FlowBuilder(frame)).build());
  }

  /**
   * Adds a `try`, which runs what `inside` adds to it: after a failure the node that `sections.catch` names, and at the end the
   * one that `sections.finally` names. No edge leads to these, or from them.
   */
  try<
    const Id extends string,
    Inner extends KnownNodes,
    InnerLeft extends string,
    const Catch extends string = never,
    const Finally extends string = never,
  >(
    id: Id & Free<Id, Nodes>,
    sections: TrySections<Catch, Finally>,
    inside: (body: FlowBuilder<NoNodes, never>) => FlowBuilder<Inner, InnerLeft> & Inside<Catch | Finally, Inner>,
    options?: NodeOptions,
  ): FlowBuilder<With<Nodes, Id, Scope<OutputOf<Inner, InnerLeft | Finally>>>, Left> {
    const frame = { ...nodeOf(id, "try", options), parameters: { ...sections } };
    return this.#with(inside(new FlowBuilder(frame)).build());
  }

  /** Adds an edge between two nodes of this scope; an end is an id, or an id and a handle. */
  edge<const From extends EdgeEnd<Nodes, "outputs">, const To extends EdgeEnd<Nodes, "inputs">>(
    from: From,
    to: To,
  ): FlowBuilder<Nodes, Left | (NodeAt<From> & string)> {
    const [source, sourceHandle] = endOf(from);
    const [target, targetHandle] = endOf(to);
    const edge: NodeEdge = {
      source,
      target,
      ...(sourceHandle !== undefined && { sourceHandle }),
      ...(targetHandle !== undefined && { targetHandle }),
    };
    return new FlowBuilder(this.#frame, this.#nodes, [...this.#edges, edge]);
  }

  /** The definition, as a file would give it. */
  build(): TypedFlow<OutputOf<Nodes, Left>> {
    const definition: NodeDefinition = {
      ...this.#frame,
      nodes: [...this.#nodes],
      ...(this.#edges.length > 0 && { edges: [...this.#edges] }),
    };
    return definition as TypedFlow<OutputOf<Nodes, Left>>;
  }

  #with<Next extends KnownNodes>(node: NodeDefinition): FlowBuilder<Next, Left> {
    return new FlowBuilder<Next, Left>(this.#frame, [...this.#nodes, node], this.#edges);
  }
}

/**
 * Begins a flow. Ids of edges that do not exist, handles that a type does not have and parameters of a wrong type do not
 * compile; what `build()` gives can be run, saved and written as any definition.
 */
export function flow(id: string, options: FlowOptions = {}): FlowBuilder<NoNodes, never> {
  return new FlowBuilder(nodeOf(id, "group", options));
}

/** A node with the defaults of flow files. */
function nodeOf(id: string, type: string, options: NodeOptions = {}): NodeDefinition {
  return { id, name: id, type, version: "1.0.0", ...definedIn(options) };
}

function endOf(end: unknown): [string, string?] {
  return Array.isArray(end) ? (end as [string, string]) : [end as string];
}
