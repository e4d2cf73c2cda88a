/** One side to which calls lead, or led: this process or that of a server, and what was begun there from here. */
import type { Line } from "../transports/line.js";
import type { RemoteServices } from "../transports/remote.js";
import type { ActiveExecution, Services } from "../types/api.js";
import { isInside } from "./execution-ids.js";

/** An execution that was begun on another side and is not over. */
export interface Begun extends ActiveExecution {
  /** Subscriptions that were told of its end. */
  told: Set<object>;
}

/** The way to another side. */
export interface Remote {
  line: Line;
  services: RemoteServices;
}

/** See the module's description. */
export class Side {
  /** Calls lead elsewhere by now; what was begun here goes on. */
  isLeft = false;
  private readonly executions = new Set<Begun>();
  /** How much is under way. */
  private pending = 0;
  private waiting: (() => void)[] = [];

  /**
   * @param remote nothing for this process
   * @param connection what is to be closed
   * @param ignored ids of executions of which sides that were left tell
   */
  constructor(
    readonly services: Services,
    readonly remote: Remote | undefined,
    readonly connection: Line | undefined = undefined,
    private readonly ignored: Set<string> = new Set(),
  ) {}

  /** Knows of work here, until it is done. */
  async during<T>(work: () => Promise<T>): Promise<T> {
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
    { executionId, nodeId }: Pick<ActiveExecution, "executionId" | "nodeId">,
    work: () => Promise<T>,
    ended: (begun: Begun, result: T) => void,
  ): Promise<T> {
    const begun: Begun = { executionId, nodeId, startTime: Date.now(), told: new Set() };
    this.ignored.delete(executionId);
    this.executions.add(begun);
    return this.during(async () => {
      try {
        const result = await work();
        ended(begun, result);
        return result;
      } finally {
        this.executions.delete(begun);
      }
    });
  }

  /** Resolves when nothing is under way here. */
  async idle(): Promise<void> {
    if (this.pending > 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  /** Executions that were begun on another side and are not over. */
  begun(): Begun[] {
    return [...this.executions];
  }

  /** Whether an execution, or the one that it is inside of, was begun on another side from here. */
  has(executionId: string): boolean {
    for (const begun of this.executions) if (isInside(executionId, begun.executionId)) return true;
    return false;
  }

  /** Whether an event of an execution is to be told: what several sides tell, only the one where it was begun says. */
  tells(executionId: string): boolean {
    if (this.remote === undefined) return true;
    if (this.isLeft) return this.has(executionId);
    for (const ignored of this.ignored) if (isInside(executionId, ignored)) return false;
    return true;
  }
}
