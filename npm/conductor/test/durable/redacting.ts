/** Executions of which parts are redacted, and what a later process makes of them. */
import { createConductor } from "@atomiton/conductor/desktop";
import { createMemoryExecutions, type MemoryExecutions } from "@atomiton/storage";

import { type Definition, edge, leaf } from "../contract/flows.js";
import { gate } from "./gate.js";

// biome-ignore lint/suspicious/noExplicitAny: executables of every shape.
export type Bodies = Record<string, (params: any) => unknown>;

export const CARD = "4111-1111-1111-1111";
export const customer = () => ({
  name: "Ada",
  email: "ada@example.com",
  cards: [{ card: CARD }, { card: `${CARD}-2` }],
  note: { $type: "Date", since: new Date(0) },
});

export function conductorOn(
  store: MemoryExecutions,
  bodies: Bodies,
  writes: readonly string[] = [],
  config: Record<string, unknown> = {},
) {
  const executable = (type: string) => {
    const execute = bodies[type];
    return execute && { effects: writes.includes(type) ? ("writes" as const) : ("reads" as const), execute };
  };
  return createConductor({
    transport: "local",
    store,
    nodeExecutorFactory: { getNodeExecutable: executable },
    logLevel: "debug",
    ...config,
  } as never);
}

export const asks = (id: string, type: string, redact: string[]) => ({ ...leaf(id, { type }), policy: { redact } });
export const run = (conductor: ReturnType<typeof conductorOn>, flow: Definition, given: object = {}) =>
  conductor.node.run(flow as never, { executionId: "one", ...given } as never);

export const wait = leaf("w", { type: "wait" });
export const at = (source: string, target: string, targetHandle: string) => ({ ...edge(source, target), targetHandle });

/** A flow of which `a` is done and `w` is not, when its process ends; and what the next process makes of it. */
export async function goOn(
  flow: Definition,
  { writes = [] as string[], given = {} as object, bodies = {} as Bodies } = {},
) {
  const store = createMemoryExecutions();
  const stop = gate();
  const calls: string[] = [];
  const all: Bodies = {
    read: ({ nodeId }) => {
      calls.push(nodeId);
      return { ...customer(), time: calls.length };
    },
    // biome-ignore lint/suspicious/noExplicitAny: an executable.
    with: ({ nodeId, input }: any) => {
      calls.push(`${nodeId} ${JSON.stringify(input.default?.cards?.[0] ?? input)}`);
      return { cards: input.default?.cards };
    },
    wait: () => stop.reach(),
    ...bodies,
  };
  const first = conductorOn(store, all, writes);
  void run(first, flow, given);
  await stop.reached;
  await first.shutdown();
  store.abandon();
  const shared = createMemoryExecutions({ shared: store });
  const second = conductorOn(shared, { ...all, wait: () => "waited" }, writes);
  return { calls, second, shared, recovery: await second.recover(), all };
}
