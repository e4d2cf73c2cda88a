import { loadedOnce } from "@atomiton/values";

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

/** The same for one that tells the items of a loop, where its parameters do not leave them to the conductor. */
export function lazilyInRounds(
  load: () => Promise<NodeExecutable<NodeParams>>,
  tells: (params: NodeParams) => boolean,
): NodeExecutable<NodeParams> {
  const own = loadedOnce(load);
  return {
    execute: async (params) => (await own()).execute(params),
    items: (params, known, rounds) =>
      tells(params) ? own().then((executable) => executable.items?.(params, known, rounds)) : rounds?.list(),
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
  const { items, effects } = executable;
  const withParameters = (parameters: NodeParams = {}): NodeExecutable<NodeParams> => {
    const merged = (params: NodeParams): NodeParams =>
      Object.assign(Object.create(attemptOf(params)), parameters, params);
    return {
      execute: async (params) => executable.execute(merged(params)),
      ...(items && { items: (params, known, rounds) => items(merged(params), known, rounds) }),
      ...(effects && {
        effects:
          typeof effects === "string" ? effects : (params, input) => effects({ ...parameters, ...params }, input),
      }),
    };
  };
  const execute = (params: NodeParams) => executable.execute(params);
  return Object.assign(withParameters, { execute, ...(items && { items }), ...(effects && { effects }) });
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
