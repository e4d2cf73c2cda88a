/** Stand-ins for nodes, by id or by type. */
import type { AnyExecutable } from "../engine/executables.js";
import type { NodeDefinition } from "../types/definition.js";

/** What an executable is called with; see the README. */
// biome-ignore lint/suspicious/noExplicitAny: parameters are the node's own business
export type MockParams = Record<string, any>;

/** What a node gives instead of being run: a value, an error that it fails with, or a function of what it gets. */
export type Mock = unknown | Error | ((params: MockParams) => unknown);

/** Mocks by the id of a node, by its path of ids inside of the flow (`group/step`), or by a type. The nearest counts. */
export type Mocks = Record<string, Mock>;

/** Looks mocks up, and knows which were used. */
export class MockTable {
  private readonly used = new Set<string>();
  /** Types of nodes for which a mock may stand. */
  private readonly types = new Set<string>();

  /** @throws Error for a name that is no node and no type of the flow */
  constructor(
    private readonly mocks: Mocks,
    root: NodeDefinition,
  ) {
    const known = new Set<string>();
    this.collect(root, "", known);
    const unknown = Object.keys(mocks).filter((name) => !known.has(name));
    if (unknown.length === 0) return;
    const names = [...known].sort().join(", ");
    throw new Error(`No node and no type of the flow is named ${quoted(unknown)}; there are: ${names}`);
  }

  /** The executable of a mock, if there is one for a node. `path`: ids from the root's child to the node. */
  find(path: string, type: string): AnyExecutable | undefined {
    const id = path.slice(path.lastIndexOf("/") + 1);
    const name = [path, id, type].find((candidate) => Object.hasOwn(this.mocks, candidate));
    if (name === undefined) return undefined;
    this.used.add(name);
    const mock = this.mocks[name];
    if (typeof mock === "function") return { execute: async (params) => mock(params) };
    if (mock instanceof Error) return { execute: () => Promise.reject(mock) };
    return { execute: () => Promise.resolve(mock) };
  }

  /** Whether a mock may stand for a node of a type. */
  concerns(type: string): boolean {
    return this.types.has(type);
  }

  /** The definition with each group that a mock stands for as a node without children. */
  inPlaceOf(node: NodeDefinition, path = ""): NodeDefinition {
    if (!Array.isArray(node.nodes) || node.nodes.length === 0) return node;
    if (path !== "" && [path, node.id].some((name) => Object.hasOwn(this.mocks, name))) {
      const { nodes: _, edges: __, ...leaf } = node;
      return leaf as NodeDefinition;
    }
    const nodes = node.nodes.map((child) => this.inPlaceOf(child, path === "" ? child.id : `${path}/${child.id}`));
    return { ...node, nodes };
  }

  /** @throws Error when a mock was never used: the test is not about what its author believes. */
  check(): void {
    const unused = Object.keys(this.mocks).filter((name) => !this.used.has(name));
    if (unused.length > 0) throw new Error(`No node ran that ${quoted(unused)} stands for`);
  }

  private collect(node: NodeDefinition, path: string, known: Set<string>): void {
    const names = [path, node.id, node.type].filter((name) => typeof name === "string" && name !== "") as string[];
    for (const name of names) known.add(name);
    if (names.some((name) => Object.hasOwn(this.mocks, name))) this.types.add(String(node.type));
    for (const child of node.nodes ?? []) this.collect(child, path === "" ? child.id : `${path}/${child.id}`, known);
  }
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(", ");
}

/** The path of a node by the id of its execution: `run/group[3]/step` is `group/step`. */
export function pathOf(executionId: string): string {
  const inside = executionId.slice(executionId.indexOf("/") + 1);
  return inside.replace(/\[\d+\]/g, "");
}
