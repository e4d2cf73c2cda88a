/** What the node types do. A type's code is loaded when it is first executed. */
import type { NodeExecutable } from "./contract/executable.js";

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

/** The executables as an object, which inherits nothing: `nodes["constructor"]` is `undefined`. */
export const nodes: Readonly<Record<string, NodeExecutable>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, NodeExecutable>, Object.fromEntries(nodeExecutableRegistry)),
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
