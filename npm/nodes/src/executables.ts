/** What the node types do. A type's code is loaded when it is first executed. */
import type { NodeExecutable, NodeParams } from "./contract/executable.js";

export type { NodeExecutable, NodeParams } from "./contract/executable.js";

/** The executables by type. */
export const nodeExecutableRegistry: Map<string, NodeExecutable> = new Map([
  ["http-request", lazily(async () => (await import("./library/http-request.js")).httpRequestNode)],
  ["file-system", lazily(async () => (await import("./library/file-system.js")).fileSystemNode)],
  ["edit-fields", lazily(async () => (await import("./library/edit-fields.js")).editFieldsNode)],
  ["transform", lazily(async () => (await import("./library/transform.js")).transformNode)],
  ["spreadsheet", lazily(async () => (await import("./library/spreadsheet.js")).spreadsheetNode)],
  ["condition", lazily(async () => (await import("./library/condition.js")).conditionNode)],
]);

/** An executable that can be called with parameters, which then count where a run gives no others. */
export interface NodeFactory extends NodeExecutable {
  (parameters?: NodeParams): NodeExecutable;
}

/**
 * The executables as an object: `nodes[type]` executes, `nodes[type](parameters)` is one with parameters of its own. It
 * inherits nothing: `nodes["constructor"]` is `undefined`.
 */
export const nodes: Readonly<Record<string, NodeFactory>> = Object.freeze(
  Object.assign(
    Object.create(null) as Record<string, NodeFactory>,
    Object.fromEntries([...nodeExecutableRegistry].map(([type, executable]) => [type, factoryOf(executable)])),
  ),
);

/** The executable of a type; `undefined` for a type this library does not have. */
export function getNodeExecutable(type: string): NodeExecutable | undefined {
  return nodeExecutableRegistry.get(type);
}

function lazily(load: () => Promise<NodeExecutable>): NodeExecutable {
  let loaded: NodeExecutable | undefined;
  return {
    async execute(params) {
      loaded ??= await load();
      return loaded.execute(params);
    },
  };
}

/** What an attempt knows beside its parameters: getters that work on their own object only. */
const OF_ATTEMPT = ["signal", "attempt", "idempotencyKey", "progress", "log"];

function factoryOf(executable: NodeExecutable): NodeFactory {
  const withParameters = (parameters: NodeParams = {}): NodeExecutable => ({
    async execute(params) {
      const both = { ...parameters, ...params };
      for (const name of OF_ATTEMPT) {
        if (Object.hasOwn(both, name) || !(name in (params ?? {}))) continue;
        Object.defineProperty(both, name, { get: () => params[name] });
      }
      return executable.execute(both);
    },
  });
  return Object.assign(withParameters, { execute: (params: NodeParams) => executable.execute(params) });
}
