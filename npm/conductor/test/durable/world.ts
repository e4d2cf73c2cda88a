/** Processes that crash, and a world outside that remembers what was done to it. */
import { type Conductor, createConductor } from "@atomiton/conductor/desktop";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { createMemoryExecutions, type ExecutionStore, type MemoryExecutions } from "@atomiton/storage";

import { type Definition, edge, group, leaf } from "../contract/flows.js";

interface Params extends Record<string, unknown> {
  // biome-ignore lint/suspicious/noExplicitAny: inputs of every shape.
  input: any;
  nodeId: string;
  attempt: number;
  idempotencyKey: string;
  runFlow(flow: string, given: object): Promise<unknown>;
}

/** What was done to the world, in order. */
export interface Deed {
  key: string;
  input: string;
}

/** The world outside of all processes. */
export class World {
  readonly deeds: Deed[] = [];
  private clock = 0;
  private readonly failures = new Map<string, number>();

  /** Something else each time. */
  read(): number {
    return ++this.clock;
  }

  /** Whether something that fails so many times fails now. */
  fails(nodeId: string, times: number): boolean {
    const before = this.failures.get(nodeId) ?? 0;
    this.failures.set(nodeId, before + 1);
    return before < times;
  }

  do(key: string, input: unknown): void {
    this.deeds.push({ key, input: JSON.stringify(input) });
  }

  /** The steps that were done, whatever their groups' repeats. */
  steps(): Set<string> {
    return new Set(this.deeds.map(({ key }) => key.replace(/~\d+$/, "")));
  }

  /** Keys of deeds that were done with different inputs. */
  keysWithTwoInputs(): string[] {
    const inputs = new Map<string, Set<string>>();
    for (const { key, input } of this.deeds) inputs.set(key, (inputs.get(key) ?? new Set()).add(input));
    return [...inputs].filter(([, different]) => different.size > 1).map(([key]) => key);
  }
}

/** How a process ends, and what it has beside the node types of the world. */
export interface ProcessOptions {
  /** The number of the write at which it crashes. */
  crashAt?: number;
  /** Whether nothing of that write is done, or all of it. */
  before?: boolean;
  /** It only seems to: others may have its executions, and it knows nothing of that. */
  isStale?: boolean;
  types?: Record<string, unknown>;
  config?: Record<string, unknown>;
}

const NEVER = new Promise<never>(() => {});

/** A process with a conductor, until it crashes. */
export class Process {
  readonly conductor: Conductor;
  /** Calls of `write` so far. */
  writes = 0;
  private dead = false;
  private died!: () => void;
  /** Resolves when it crashes. */
  readonly death: Promise<void>;

  constructor(
    readonly world: World,
    readonly store: MemoryExecutions,
    {
      crashAt = Number.POSITIVE_INFINITY,
      before = true,
      isStale = false,
      types = {},
      config = {},
    }: ProcessOptions = {},
  ) {
    this.death = new Promise((resolve) => {
      this.died = resolve;
    });
    const failing: ExecutionStore = Object.create(store, {
      write: {
        value: async (changes: Parameters<ExecutionStore["write"]>[0]) => {
          if (this.dead) return NEVER;
          if (this.writes++ === crashAt) {
            if (!before) await store.write(changes);
            this.crash(isStale);
            if (!isStale) return NEVER;
            return before ? store.write(changes) : [];
          }
          return store.write(changes);
        },
      },
    });
    this.conductor = createConductor({
      transport: "local",
      store: failing,
      nodeExecutorFactory: { getNodeExecutable: (type: string) => types[type] ?? this.executable(type) },
      maxRetries: 0,
      retryDelay: 1,
      ...config,
    } as never);
  }

  get isDead(): boolean {
    return this.dead;
  }

  crash(isStale = false): void {
    this.dead = !isStale;
    this.store.abandon();
    this.died();
  }

  private executable(type: string) {
    const { world } = this;
    const alive = <T>(value: T): T | Promise<never> => (this.dead ? NEVER : value);
    switch (type) {
      case "pure":
        return { effects: "none", execute: ({ input, nodeId }: Params) => alive({ node: nodeId, of: input ?? null }) };
      case "read":
        return { effects: "reads", execute: async () => alive(world.read()) };
      case "pay":
        return {
          effects: "writes",
          execute: async ({ input, idempotencyKey }: Params) => {
            if (this.dead) return NEVER;
            world.do(idempotencyKey, input);
            await Promise.resolve();
            return alive({ paid: idempotencyKey });
          },
        };
      case "flaky":
        return {
          effects: "writes",
          execute: async ({ input, idempotencyKey, nodeId, times }: Params) => {
            if (this.dead) return NEVER;
            world.do(idempotencyKey, input);
            if (world.fails(nodeId, Number(times))) throw new Error("not this time");
            return alive({ done: idempotencyKey });
          },
        };
      case "sub":
        return {
          effects: "reads",
          execute: ({ input, runFlow }: Params) => runFlow("inner", { input, variables: {} }),
        };
      case "never":
        return { effects: "reads", execute: () => NEVER };
      default:
        return getNodeExecutable(type);
    }
  }
}

/** A store in memory. */
export const memory = (shared?: MemoryExecutions): MemoryExecutions =>
  createMemoryExecutions(shared === undefined ? {} : { shared });

const line = (...nodes: Definition[]) => ({
  nodes,
  edges: nodes.slice(1).map((node, index) => edge((nodes[index] as Definition).id, node.id)),
});

/** A flow of fifty steps with retries, a loop, a catch and nested groups. */
export function longFlow(): Definition {
  const steps: Definition[] = [leaf("read", { type: "read" }), leaf("first", { type: "pay" })];
  for (let step = 0; step < 8; step++) {
    steps.push(leaf(`pure${step}`, { type: "pure" }), leaf(`see${step}`, { type: "read" }));
    steps.push(leaf(`pay${step}`, { type: "pay" }));
  }
  steps.push(leaf("retried", { type: "flaky", parameters: { times: 2 }, policy: { retries: 3, retryDelay: 1 } }));
  steps.push({
    id: "loop",
    type: "loop",
    parameters: { loopType: "times", count: 4 },
    ...line(leaf("look", { type: "read" }), leaf("buy", { type: "pay" })),
  } as Definition);
  steps.push({
    id: "again",
    type: "group",
    policy: { retries: 2, retryDelay: 1 },
    ...line(leaf("price", { type: "read" }), leaf("order", { type: "flaky", parameters: { times: 1 } })),
  } as Definition);
  steps.push({
    id: "try",
    type: "try",
    parameters: { catch: "rescue", finally: "last" },
    nodes: [
      leaf("fails", { type: "flaky", parameters: { times: 1_000 } }),
      leaf("rescue", { type: "pay" }),
      leaf("last", { type: "pay" }),
    ],
  } as Definition);
  steps.push({
    id: "outer",
    type: "group",
    nodes: [{ id: "inner", type: "group", ...line(leaf("deep", { type: "read" }), leaf("end", { type: "pay" })) }],
  } as Definition);
  for (let step = 8; step < 12; step++) steps.push(leaf(`pure${step}`, { type: "pure" }));
  return { ...group("long", steps), ...line(...steps) } as Definition;
}
