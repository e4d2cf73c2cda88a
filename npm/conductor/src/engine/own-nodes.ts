/** Node types that an application defined, beside those of the library. */
import type { DefinedNode } from "@atomiton/nodes";
import type { AnyExecutable, NodeExecutorFactory } from "./executables.js";
import { coded } from "./failure.js";

/** A set of defined node types. */
export interface OwnNodes {
  /** Their executables; `undefined` without own node types. */
  factory: NodeExecutorFactory | undefined;
  /** JSON schemas of their parameters, by type. */
  schemas: Record<string, unknown>;
}

/**
 * Collects defined node types.
 *
 * @param taken names that are not free, such as those of the library
 * @throws Error INVALID_PARAMETERS for a type name that is there twice or taken, and for what no `defineNode` made
 */
export function ownNodes(nodes: readonly DefinedNode[] | undefined, taken: Iterable<string>): OwnNodes {
  if (nodes === undefined || nodes.length === 0) return { factory: undefined, schemas: {} };
  const library = new Set(taken);
  const executables = new Map<string, AnyExecutable>();
  const schemas: Record<string, unknown> = {};
  for (const [index, node] of nodes.entries()) {
    if (!isDefinedNode(node)) {
      throw coded("INVALID_PARAMETERS", `\`nodes[${index}]\` must be a node type made by \`defineNode\``, undefined);
    }
    const { type } = node;
    if (executables.has(type) || library.has(type)) {
      const owner = library.has(type) ? "the library has it already" : "two of `nodes` have it";
      throw coded(
        "INVALID_PARAMETERS",
        `The node type name \`${type}\` is not free: ${owner}. Name yours otherwise`,
        undefined,
      );
    }
    executables.set(type, node);
    schemas[type] = node.parameterSchema;
  }
  return { factory: { getNodeExecutable: (type) => executables.get(type) }, schemas };
}

/** Whether a value is what `defineNode` gives. */
export function isDefinedNode(value: unknown): value is DefinedNode {
  const { type, execute, parameterSchema } = (value ?? {}) as Partial<DefinedNode>;
  return typeof type === "string" && typeof execute === "function" && typeof parameterSchema === "object";
}

/** Executables of the first factory, and for other types of the second. */
export function firstOf(
  own: NodeExecutorFactory | undefined,
  others: NodeExecutorFactory | undefined,
): NodeExecutorFactory | undefined {
  if (own === undefined || others === undefined) return own ?? others;
  return { getNodeExecutable: (type) => own.getNodeExecutable(type) ?? others.getNodeExecutable(type) };
}
