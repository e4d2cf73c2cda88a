/** Those who listen, wherever calls lead: their subscriptions move along, and hear of each thing once. */
import { messageOf } from "@atomiton/values";
import type { ExecutionEvents, Services, Unsubscribe } from "../types/api.js";
import type { ExecutionResult } from "../types/execution.js";
import type { RequestResult } from "../types/request.js";
import type { Isolate } from "./isolate.js";
import { completeEventOf, errorEventOf } from "./local.js";
import type { Begun, Side } from "./side.js";

/** One listener, and how its subscriptions end. */
interface Subscription {
  begin(side: Side): Unsubscribe;
  readonly ends: Map<Side, Unsubscribe>;
  /** Listens to executions, also to those that go on at a side that was left. */
  readonly ofExecutions: boolean;
  /** Tells of an end of which the side itself did not. */
  readonly tell: ((begun: Begun, result: ExecutionResult) => void) | undefined;
}

/** See the module's description. */
export class Subscriptions {
  private readonly all = new Set<Subscription>();

  constructor(
    private readonly isolate: Isolate,
    private readonly warn: (message: string) => void,
  ) {}

  /** Listens to executions at these sides, and at those that are entered. */
  toExecutions(sides: Iterable<Side>, name: keyof ExecutionEvents, callback: (event: never) => unknown): Unsubscribe {
    const isOfEnds = name !== "onProgress";
    const subscription: Subscription = {
      ends: new Map(),
      ofExecutions: true,
      begin: (side) =>
        side.services.node[name]((event: { executionId: string }) => {
          if (!side.tells(event.executionId)) return undefined;
          if (isOfEnds) {
            for (const begun of side.begun()) if (begun.executionId === event.executionId) begun.told.add(subscription);
          }
          return callback(event as never);
        }),
      tell: isOfEnds
        ? (begun, result) => {
            if (begun.told.has(subscription) || result.success !== (name === "onComplete")) return;
            const event = (result.success ? completeEventOf : errorEventOf)(begun, result);
            this.isolate(callback, () => callback(event as never));
          }
        : undefined,
    };
    return this.add(subscription, sides);
  }

  /** Listens to anything else at a side, and at those that are entered. */
  to(side: Side, begin: (services: Services) => Unsubscribe): Unsubscribe {
    const ofExecutions = false;
    return this.add({ begin: ({ services }) => begin(services), ends: new Map(), ofExecutions, tell: undefined }, [
      side,
    ]);
  }

  /** Has all listen at a side as well. Throws what keeps them from it; then nobody does. */
  enter(side: Side): void {
    const begun: Subscription[] = [];
    try {
      for (const subscription of this.all) if (beginAt(side, subscription)) begun.push(subscription);
    } catch (error) {
      for (const subscription of begun) endAt(side, subscription);
      throw error;
    }
  }

  /** The same, for a side that may not be there again: who cannot listen is told so by whatever else is asked of it. */
  enterAgain(side: Side): void {
    for (const subscription of this.all) {
      try {
        beginAt(side, subscription);
      } catch (error) {
        this.warn(`[CONDUCTOR] A listener hears nothing: ${messageOf(error)}`);
      }
    }
  }

  /** Ends the subscriptions at a side: all, or those that do not listen to executions. */
  leave(side: Side, which: "all" | "others"): void {
    for (const subscription of this.all) {
      if (which === "all" || !subscription.ofExecutions) endAt(side, subscription);
    }
  }

  /** Tells those of an execution's end who were not told yet by the side, which tells nothing any more. */
  tellEnd(begun: Begun, result: ExecutionResult | RequestResult): void {
    for (const { tell } of [...this.all]) tell?.(begun, outcomeOf(result));
  }

  private add(subscription: Subscription, sides: Iterable<Side>): Unsubscribe {
    const end = () => {
      this.all.delete(subscription);
      for (const side of [...subscription.ends.keys()]) endAt(side, subscription);
    };
    try {
      for (const side of sides) beginAt(side, subscription);
    } catch (error) {
      end();
      throw error;
    }
    this.all.add(subscription);
    return end;
  }
}

/** Whether it did not listen there already. */
function beginAt(side: Side, subscription: Subscription): boolean {
  if (subscription.ends.has(side)) return false;
  subscription.ends.set(side, subscription.begin(side));
  return true;
}

function endAt(side: Side, { ends }: Subscription): void {
  const end = ends.get(side);
  ends.delete(side);
  end?.();
}

/** The result of a request as that of its flow. */
function outcomeOf(result: ExecutionResult | RequestResult): ExecutionResult {
  if (!("metadata" in result) || result.metadata === undefined) return result as ExecutionResult;
  const { success, data, outputs, metadata } = result;
  const { duration, executedNodes, error, warnings } = metadata;
  return {
    success,
    data,
    duration,
    executedNodes,
    ...(outputs !== undefined && { outputs }),
    ...(error !== undefined && { error }),
    ...(warnings !== undefined && { warnings }),
  };
}
