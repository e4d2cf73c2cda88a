/** The shape of a running flow, for its viewers: names, levels, critical path. Worked out from the outline alone. */
import type { ExecutionGraphNode } from "../types/graph.js";
import { answer } from "./backend.js";
import { frozenList } from "./frozen.js";
import { EDGE_WORDS, NODE_WORDS, OUTLINE_HEADER_WORDS } from "./generated.js";
import type { Plan } from "./plan.js";

/** What stays the same about a node during a run. */
export type NodeShape = Pick<
  ExecutionGraphNode,
  "id" | "name" | "type" | "weight" | "dependencies" | "dependents" | "level"
>;

/** The shape of one scope. */
export interface Shape {
  /** Ids by level. */
  executionOrder: string[][];
  criticalPath: string[];
  criticalPathWeight: number;
  totalWeight: number;
  maxParallelism: number;
  edges: { from: string; to: string }[];
}

/** What the engine answers about an outline. */
export interface GraphNumbers {
  /** Levels, critical path and weights of a scope's children. */
  scope(scope: number): Float64Array;
  /** Weight and level of each node. */
  levels(): Float64Array;
}

/** The shape of what cannot be run. */
const NO_SHAPE: Shape = {
  executionOrder: [],
  criticalPath: [],
  criticalPathWeight: 0,
  totalWeight: 0,
  maxParallelism: 1,
  edges: [],
};

/** Shapes of a plan's scopes and nodes, each worked out once. */
export class Graph {
  private readonly shapes = new Map<number, Shape>();
  private nodeShapes: NodeShape[] | undefined;

  /** @param numbers default: asked of the engine */
  constructor(
    readonly plan: Plan,
    readonly numbers: GraphNumbers = {
      scope: (scope) => answer((engine) => engine.askShape(plan.outlineWords, scope)),
      levels: () => answer((engine) => engine.askNodes(plan.outlineWords)),
    },
  ) {}

  /** Whether the outline can be run. */
  get exists(): boolean {
    return this.shape(0) !== NO_SHAPE;
  }

  /** The nodes that a store lists: the root's children, or a leaf itself. */
  get listed(): number[] {
    const children = this.plan.children(0);
    return children.length === 0 ? [0] : children;
  }

  /** The shape of a scope's children. */
  shape(scope: number): Shape {
    let shape = this.shapes.get(scope);
    if (shape === undefined) {
      shape = this.read(scope, this.numbers.scope(scope));
      this.shapes.set(scope, shape);
    }
    return shape;
  }

  /** What stays the same about a node. */
  node(index: number): NodeShape {
    this.nodeShapes ??= this.readNodes();
    return this.nodeShapes[index] as NodeShape;
  }

  private read(scope: number, numbers: Float64Array): Shape {
    let at = 0;
    const take = () => numbers[at++] as number;
    if (numbers.length === 0) return NO_SHAPE;
    const id = () => this.plan.id(take());
    const levels = take();
    const sizes = numbers.subarray(at, at + levels);
    const firstNode = at + levels;
    at = sizes.reduce((end, size) => end + size, firstNode);
    const criticalPath = Array.from({ length: take() }, id);
    const graph = this;
    let edges: Shape["edges"] | undefined;
    let executionOrder: Shape["executionOrder"] | undefined;
    return {
      // A flow may have as many levels as nodes: lists of them are made for those who look.
      get executionOrder() {
        let node = firstNode;
        const idOf = () => graph.plan.id(numbers[node++] as number);
        executionOrder ??= frozenList(Array.from(sizes, (size) => Array.from({ length: size }, idOf)));
        return executionOrder;
      },
      criticalPath: frozenList(criticalPath),
      criticalPathWeight: take(),
      totalWeight: take(),
      maxParallelism: take(),
      get edges() {
        edges ??= frozenList(graph.edges(scope));
        return edges;
      },
    };
  }

  /** An edge for each entry in the children's lists of dependencies. */
  private edges(scope: number): Shape["edges"] {
    const children = this.plan.children(scope);
    return (children.length === 0 ? [scope] : children).flatMap((child) => {
      const { id: to, dependencies } = this.node(child);
      return dependencies.map((from) => ({ from, to }));
    });
  }

  private readNodes(): NodeShape[] {
    const { outline } = this.plan;
    const { words, names } = outline;
    const numbers = this.numbers.levels();
    const shapes = outline.nodes.map((node, index) => ({
      id: this.plan.id(index),
      name: node.name || node.type,
      type: node.type,
      weight: numbers[index * 2] as number,
      dependencies: [] as string[],
      dependents: [] as string[],
      level: numbers[index * 2 + 1] as number,
    }));
    const byName = new Map<number, NodeShape>();
    const start = OUTLINE_HEADER_WORDS + outline.nodes.length * NODE_WORDS;
    let scope = -1;
    for (let edge = 0; edge < outline.edges; edge++) {
      const at = start + edge * EDGE_WORDS;
      if (words[at] !== scope) {
        scope = words[at] as number;
        byName.clear();
        for (const child of this.plan.children(scope)) {
          byName.set(words[OUTLINE_HEADER_WORDS + child * NODE_WORDS] as number, shapes[child] as NodeShape);
        }
      }
      const source = words[at + 1] as number;
      const target = words[at + 2] as number;
      byName.get(target)?.dependencies.push(names[source] as string);
      byName.get(source)?.dependents.push(names[target] as string);
    }
    for (const shape of shapes) {
      Object.freeze(shape.dependencies);
      Object.freeze(shape.dependents);
    }
    return shapes;
  }
}
