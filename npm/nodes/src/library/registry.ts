import type { LibraryExecutable, NodeParams } from "../contract/executable.js";

/** An executable that can be called with parameters, which then count where a run gives no others. */
export interface NodeFactory extends LibraryExecutable {
  (parameters?: NodeParams): LibraryExecutable;
}

/** An executable whose code is loaded when it is first executed. */
export function lazily(load: () => Promise<LibraryExecutable>): LibraryExecutable {
  let loaded: LibraryExecutable | undefined;
  return {
    async execute(params) {
      loaded ??= await load();
      return loaded.execute(params);
    },
  };
}

/** The executables of a registry as an object, each a factory as well. It inherits nothing. */
export function factoriesOf(registry: ReadonlyMap<string, LibraryExecutable>): Readonly<Record<string, NodeFactory>> {
  const factories = Object.create(null) as Record<string, NodeFactory>;
  for (const [type, executable] of registry) factories[type] = factoryOf(executable);
  return Object.freeze(factories);
}

/** What an attempt knows beside its parameters: getters that work on their own object only. */
const OF_ATTEMPT = ["signal", "attempt", "idempotencyKey", "progress", "warn", "errorsHandled", "timeLimit", "log"];

function factoryOf(executable: LibraryExecutable): NodeFactory {
  const withParameters = (parameters: NodeParams = {}): LibraryExecutable => ({
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
