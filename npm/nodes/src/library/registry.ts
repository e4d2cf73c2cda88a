import type { NodeExecutable, NodeParams } from "../contract/executable.js";

/** An executable that can be called with parameters, which then count where a run gives no others. */
export interface NodeFactory extends NodeExecutable<NodeParams> {
  (parameters?: NodeParams): NodeExecutable<NodeParams>;
}

/** An executable whose code is loaded when it is first executed. */
export function lazily(load: () => Promise<NodeExecutable<NodeParams>>): NodeExecutable<NodeParams> {
  let loaded: NodeExecutable<NodeParams> | undefined;
  return {
    async execute(params) {
      loaded ??= await load();
      return loaded.execute(params);
    },
  };
}

/** The executables of a registry as an object, each a factory as well. It inherits nothing. */
export function factoriesOf(
  registry: ReadonlyMap<string, NodeExecutable<NodeParams>>,
): Readonly<Record<string, NodeFactory>> {
  const factories = Object.create(null) as Record<string, NodeFactory>;
  for (const [type, executable] of registry) factories[type] = factoryOf(executable);
  return Object.freeze(factories);
}

function factoryOf(executable: NodeExecutable<NodeParams>): NodeFactory {
  const withParameters = (parameters: NodeParams = {}): NodeExecutable<NodeParams> => ({
    execute: async (params) => executable.execute(Object.assign(Object.create(attemptOf(params)), parameters, params)),
  });
  return Object.assign(withParameters, { execute: (params: NodeParams) => executable.execute(params) });
}

/** What an attempt knows beside its parameters. Its getters work on their own object only, and so are asked there. */
function attemptOf(params: NodeParams | undefined): object {
  const attempt = {};
  const prototype: unknown = Object.getPrototypeOf(params ?? {});
  if (params === undefined || prototype === null || prototype === Object.prototype) return attempt;
  for (const name of Object.getOwnPropertyNames(prototype)) {
    Object.defineProperty(attempt, name, { get: () => params[name] });
  }
  return attempt;
}
