/** Those who listen, wherever calls lead: their subscriptions move along, and hear of each thing once. */
import { messageOf } from "@atomiton/values";
import type { Isolate } from "../events/isolate.js";
import type { Services } from "../services/contract.js";
import type { Unsubscribe } from "../services/declaration.js";
import type { ExecutionEvents } from "../services/node.js";
import type { ExecutionResult } from "../types/execution.js";
import type { RequestResult } from "../types/request.js";
import { completeEventOf, errorEventOf } from "./local.js";
import type { Begun, Target } from "./target.js";

/** One listener, and how its subscriptions end. */
interface Subscription {
  begin(target: Target): Unsubscribe;
  readonly ends: Map<Target, Unsubscribe>;
  /** Listens to executions, also to those that go on at a target that was left. */
  readonly ofExecutions: boolean;
  /** Tells of an end of which the target itself did not. */
  readonly tell: ((begun: Begun, result: ExecutionResult) => void) | undefined;
}

/** Listeners, and where each of them listens. */
export class Subscriptions {
  private readonly all = new Set<Subscription>();

  constructor(
    private readonly isolate: Isolate,
    private readonly warn: (message: string) => void,
  ) {}

  /** Listens to executions at these targets, and at those that are entered. */
  toExecutions(
    targets: Iterable<Target>,
    name: keyof ExecutionEvents,
    callback: (event: never) => unknown,
  ): Unsubscribe {
    const isOfEnds = name !== "onProgress";
    const subscription: Subscription = {
      ends: new Map(),
      ofExecutions: true,
      begin: (target) =>
        target.services.node[name]((event: { executionId: string }) => {
          if (!target.tells(event.executionId)) return undefined;
          if (isOfEnds) {
            for (const begun of target.begun())
              if (begun.executionId === event.executionId) begun.told.add(subscription);
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
    return this.add(subscription, targets);
  }

  /** Listens to anything else at a target, and at those that are entered. */
  to(target: Target, begin: (services: Services) => Unsubscribe): Unsubscribe {
    const ofExecutions = false;
    return this.add({ begin: ({ services }) => begin(services), ends: new Map(), ofExecutions, tell: undefined }, [
      target,
    ]);
  }

  /** Has all listen at a target as well. Throws what keeps them from it; then none does. */
  enter(target: Target): void {
    const begun: Subscription[] = [];
    try {
      for (const subscription of this.all) if (beginAt(target, subscription)) begun.push(subscription);
    } catch (error) {
      for (const subscription of begun) endAt(target, subscription);
      throw error;
    }
  }

  /** The same, for a target that may not be there again: who cannot listen is told so by whatever else is asked of it. */
  enterAgain(target: Target): void {
    for (const subscription of this.all) {
      try {
        beginAt(target, subscription);
      } catch (error) {
        this.warn(`[CONDUCTOR] A listener hears nothing: ${messageOf(error)}`);
      }
    }
  }

  /** Ends the subscriptions at a target: all, or those that do not listen to executions. */
  leave(target: Target, which: "all" | "others"): void {
    for (const subscription of this.all) {
      if (which === "all" || !subscription.ofExecutions) endAt(target, subscription);
    }
  }

  /** Tells those of an execution's end who were not told yet by the target, which tells nothing any more. */
  tellEnd(begun: Begun, result: ExecutionResult | RequestResult): void {
    for (const { tell } of [...this.all]) tell?.(begun, outcomeOf(result));
  }

  private add(subscription: Subscription, targets: Iterable<Target>): Unsubscribe {
    const end = () => {
      this.all.delete(subscription);
      for (const target of [...subscription.ends.keys()]) endAt(target, subscription);
    };
    try {
      for (const target of targets) beginAt(target, subscription);
    } catch (error) {
      end();
      throw error;
    }
    this.all.add(subscription);
    return end;
  }
}

/** Whether it did not listen there already. */
function beginAt(target: Target, subscription: Subscription): boolean {
  if (subscription.ends.has(target)) return false;
  subscription.ends.set(target, subscription.begin(target));
  return true;
}

function endAt(target: Target, { ends }: Subscription): void {
  const end = ends.get(target);
  ends.delete(target);
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
