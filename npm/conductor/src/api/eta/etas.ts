/** How long runs still take, and which path through them takes longest, told from the history of their flows. */
import { ExpectedPath } from "../../engine/expected-path.js";
import type { Log } from "../../engine/log.js";
import { type ExpectedTimes, expectedTimes } from "../../engine/node-times.js";
import { RemainingTime } from "../../engine/remaining-time.js";
import type { RunView } from "../../engine/view.js";
import { roomForView } from "../../engine/view-numbers.js";
import type { Eta } from "../../types/graph.js";
import type { Durability } from "../durable/durability.js";
import { FlowHistory } from "./flow-history.js";

/** From fewer executions no time is told; the path is told from a single one. */
const LEAST_EXECUTIONS = 2;
/** Flows whose history is kept; of more, those that were watched last. */
const MOST_FLOWS = 100;
/** Least time between two looks at all nodes, in ms. */
const INTERVAL_MS = 250;

/** The histories of one conductor. */
export class Etas {
  private readonly flows = new Map<string, FlowHistory>();

  constructor(
    private readonly durability: Durability,
    private readonly log: Log,
  ) {}

  /**
   * Lets a run that is watched tell how long it still takes, and its critical path as it is to be expected, once the history of
   * its flow was read; whether there is any.
   *
   * @param concurrency nodes that run at once
   * @param openedAt when the run began in this process, or went on in it, in ms since the epoch
   * @param isAsking whether a question of the run is open
   */
  async follow(view: RunView, concurrency: number, openedAt: number, isAsking: () => boolean): Promise<boolean> {
    const { run } = view;
    const history = this.historyOf(run.context.nodeId);
    void history.follow(run);
    const times = run.isFinished ? [] : await history.all();
    if (times.length === 0 || run.isFinished) return false;
    let known: ExpectedTimes | undefined;
    const expected = () => {
      known ??= expectedTimes([...times], run.plan);
      return known;
    };
    let remaining: RemainingTime | undefined;
    let latest: Eta | undefined;
    let toldAt = Number.NEGATIVE_INFINITY;
    const eta = () => {
      if (run.isFinished || run.isPaused || isAsking()) return undefined;
      const now = Date.now();
      if (now - toldAt < INTERVAL_MS) return latest;
      remaining ??= new RemainingTime(run.plan, expected(), concurrency);
      const look = roomForView(run.plan.length);
      run.view(look);
      latest = remaining.at(look, now, (node) => run.activityOf(node)?.rounds);
      toldAt = now;
      return latest;
    };
    let critical: ExpectedPath | undefined;
    view.estimate({
      ...(times.length >= LEAST_EXECUTIONS && { eta }),
      path(state, now) {
        critical ??= new ExpectedPath(run.plan, expected(), view.graph, openedAt);
        return critical.at(state, now);
      },
    });
    return true;
  }

  /** An execution of a flow ended that was not watched. */
  missed(flowId: string): void {
    this.flows.get(flowId)?.missed();
  }

  private historyOf(flowId: string): FlowHistory {
    const history = this.flows.get(flowId) ?? new FlowHistory(flowId, this.durability, this.log);
    this.flows.delete(flowId);
    this.flows.set(flowId, history);
    if (this.flows.size > MOST_FLOWS) this.flows.delete(this.flows.keys().next().value as string);
    return history;
  }
}
