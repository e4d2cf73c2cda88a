/** Processes that crash, and a world outside that remembers what was done to it. */
import { type Conductor, createConductor } from "@atomiton/conductor/desktop";
import { getNodeExecutable } from "@atomiton/nodes/executables";
import { createMemoryExecutions, type ExecutionStore, type MemoryExecutions } from "@atomiton/storage";

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

  /** Something else each time. */
  read(): number {
    return ++this.clock;
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
