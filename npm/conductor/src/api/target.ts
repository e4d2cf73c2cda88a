/** One target to which calls lead, or led: this process or that of a server, and what was begun there from here. */

import { ExecutionRegistry, isIdInside, type Registered } from "../executions/registry.js";
import type { Services } from "../services/contract.js";
import type { ActiveExecution } from "../services/node.js";
import type { LazyTransport } from "../transports/lazy-transport.js";
import type { RemoteServices } from "../transports/remote.js";

/** An execution that was begun on another side and is not over. */
export interface Begun extends ActiveExecution, Registered {
  /** Subscriptions that were told of its end. */
  told: Set<object>;
}

/** The way to another side. */
export interface Remote {
  transport: LazyTransport;
  services: RemoteServices;
}

/** One place where calls lead, or led. */
export class Target {
  /** Calls lead elsewhere by now; what was begun here goes on. */
  isLeft = false;
  private readonly executions = new ExecutionRegistry<Begun>();
  /** How much is under way. */
  private pending = 0;
  private waiting: (() => void)[] = [];

  /**
   * @param remote nothing for this process
   * @param connection what is to be closed
   * @param ignored ids of executions of which targets that were left tell
   */
  constructor(
    readonly services: Services,
    readonly remote: Remote | undefined,
    readonly connection: LazyTransport | undefined = undefined,
    private readonly ignored: Set<string> = new Set(),
  ) {}

  /** Tracks pending work, so that `idle` can wait for it. */
  async track<T>(work: () => Promise<T>): Promise<T> {
    this.pending++;
    try {
      return await work();
    } finally {
      this.pending--;
      if (this.pending === 0) for (const tell of this.waiting.splice(0)) tell();
    }
  }

  /** Knows of an execution on another side, until it is over; then `ended` is told. */
  execute<T>(
    { executionId, nodeId }: Pick<Begun, "executionId" | "nodeId">,
    work: () => Promise<T>,
    ended: (begun: Begun, result: T) => void,
  ): Promise<T> {
    const begun: Begun = { executionId, nodeId, startTime: Date.now(), told: new Set() };
    this.ignored.delete(executionId);
    const tracked = async () => {
      const result = await work();
      ended(begun, result);
      return result;
    };
    return this.track(() => this.executions.track(begun, tracked));
  }

  /** Resolves when nothing is under way here. */
  async idle(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Executions that were begun on another side and are not over. */
  begun(): Begun[] {
    return this.executions.list();
  }

  /** Whether an execution, or the one that it is inside of, was begun on another side from here. */
  has(executionId: string): boolean {
    return this.executions.encloses(executionId);
  }

  /** Whether an event of an execution is to be told: what several targets tell, only the one where it was begun says. */
  tells(executionId: string): boolean {
    if (this.remote === undefined) return true;
    if (this.isLeft) return this.has(executionId);
    for (const ignored of this.ignored) if (isIdInside(executionId, ignored)) return false;
    return true;
  }
}
