/** Executables that count how often they are called. */
import { type Conductor, createConductor } from "@atomiton/conductor/desktop";

import { type Definition, leaf } from "../contract/flows.js";

// biome-ignore lint/suspicious/noExplicitAny: parameters of every shape.
type Params = Record<string, any>;

/** What an executable of a test does, and how often it was asked to. */
export interface Counted {
  effects?: "none" | "reads" | "writes";
  version?: string;
  execute(params: Params): unknown;
}

/** A conductor over types of a test, with the number of calls by type. */
export class Counting {
  readonly conductor: Conductor;
  readonly calls: Record<string, number> = {};

  constructor(
    readonly types: Record<string, Counted>,
    config: Record<string, unknown> = {},
  ) {
    const executables = Object.fromEntries(
      Object.entries(types).map(([type, counted]) => {
        const execute = (params: Params) => {
          this.calls[type] = (this.calls[type] ?? 0) + 1;
          return counted.execute(params);
        };
        return [type, { ...counted, execute }];
      }),
    );
    this.conductor = createConductor({
      transport: "local",
      nodeExecutorFactory: { getNodeExecutable: (type: string) => executables[type] },
      ...config,
    } as never);
  }

  run(flow: Definition, context: Record<string, unknown> = {}) {
    return this.conductor.node.run(flow as never, context as never);
  }
}

/** A node of type `t` that asks for its outputs to be reused. */
export const cachedLeaf = (id: string, given: Record<string, unknown> = {}): Definition =>
  leaf(id, { type: "t", policy: { cache: true }, ...given });

/** Says how it was called. */
export const echo: Counted = {
  effects: "none",
  version: "1",
  execute: ({ input, nodeId, variables }) => ({ nodeId, input, variables }),
};
