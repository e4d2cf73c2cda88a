/** A conductor whose nodes take as long as a test says, while time stands still. */
import { createConductor } from "@atomiton/conductor/desktop";
import { routed } from "@atomiton/nodes";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import type { MemoryExecutions } from "@atomiton/storage";

import type { ExecutionGraphState } from "../../src/types/graph.js";
import { type Definition, edge, group, leaf, type Params } from "../contract/flows.js";
import { pass, settled } from "../durable/stopped-time.js";
import { memory } from "../durable/world.js";

/** A number by node id; of a list, one for each call. */
export type Times = Record<string, number | readonly number[]>;

const offices: Office[] = [];

export class Office {
  readonly store: MemoryExecutions;
  readonly conductor;
  /** What listeners were told last. */
  state: ExecutionGraphState | undefined;
  /** Executions that were read from the store. */
  readonly read: string[] = [];
  private isGone = false;
  private times: Times = {};
  private calls: Record<string, number> = {};
  /** The handles by which outputs leave. */
  routes: Record<string, string> = {};

  constructor({ store, ...config }: { store?: MemoryExecutions | null } & Record<string, unknown> = {}) {
    this.store = memory(store ?? undefined);
    const watched: MemoryExecutions = Object.create(this.store, {
      write: {
        value: (...changes: Parameters<MemoryExecutions["write"]>) =>
          this.isGone ? new Promise(() => {}) : this.store.write(...changes),
      },
      begun: {
        value: (id: string) => {
          this.read.push(id);
          return this.store.begun(id);
        },
      },
    });
    const execute = async ({ nodeId, input }: Params) => {
      const times = this.times[nodeId] ?? 0;
      const call = this.calls[nodeId] ?? 0;
      this.calls[nodeId] = call + 1;
      const ms = typeof times === "number" ? times : (times[call] ?? 0);
      if (ms < 0) throw new Error("It fails");
      if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
      const handle = this.routes[nodeId];
      return handle === undefined ? { of: input ?? null } : routed({ of: handle }, [handle]);
    };
    const own = { effects: "none", execute };
    this.conductor = createConductor({
      transport: "local",
      ...(store !== null && { store: watched }),
      nodeExecutorFactory: {
        getNodeExecutable: (type: string) => (type === "test" ? own : getNodeExecutable(type)),
      },
      ...config,
    } as never);
    offices.push(this);
  }

  get eta() {
    return this.state?.eta;
  }

  /** Follows progress; what is returned ends that. */
  watch(): () => void {
    return this.conductor.events.onProgress((state) => {
      this.state = state;
    });
  }

  /** Begins a run of which nodes take so long, and lets it come as far as it does without time. */
  async begin(flow: Definition, times: Times, given: object = {}) {
    this.times = times;
    this.calls = {};
    this.state = undefined;
    const result = this.conductor.node.run(flow as never, given);
    await settled();
    return result;
  }

  /** Its process ends, as it is. */
  crash(): void {
    this.isGone = true;
    this.store.abandon();
  }

  /** What the nodes of executions take from now on. */
  take(times: Times): void {
    this.times = times;
    this.calls = {};
  }

  /** Runs a flow to its end. */
  async run(flow: Definition, times: Times, given: object = {}) {
    this.take(times);
    return this.ended(this.conductor.node.run(flow as never, given));
  }

  /** Lets time pass until a result is there. */
  async ended<T>(result: Promise<T>): Promise<T> {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    result.then(over, over);
    await settled();
    for (let turn = 0; !isOver; turn++) {
      if (turn > 100) throw new Error("It does not end");
      await pass(1_000);
    }
    return result;
  }
}

/** Ends all conductors. */
export async function close(): Promise<void> {
  const all = offices.splice(0).map(({ conductor }) => conductor.shutdown());
  await settled();
  void all;
}

export const line = (...ids: string[]): Definition => lineOf(...ids.map((id) => leaf(id)));

export const lineOf = (...nodes: Definition[]): Definition =>
  group(
    "flow",
    nodes,
    nodes.slice(1).map((node, index) => edge((nodes[index] as Definition).id, node.id)),
  );
