/**
 * The nodes of a watched run as they were at each moment that is still of interest.
 *
 * Only one moment has the table of all nodes, mostly the latest. Each earlier one knows a single difference and the
 * moment after it, so that a change costs the same however many there were, a moment without a reader is forgotten, and
 * looking at moments one after the other costs a step each.
 */
import type { ExecutionGraphNode } from "../types/graph.js";
import type { ProgressReport } from "./calls.js";
import { Step } from "./generated.js";
import { State } from "./state.js";
import { nodeEndOf, nodeStartOf, percentIn, percentOf, stateIn, stateOf } from "./view-numbers.js";

/** How one node was. Never written to. Times are ms since the epoch, NaN where they have not come. */
export interface NodeRecord {
  /** The number of its state. */
  readonly state: number;
  /** 0–100. */
  readonly percent: number;
  readonly start: number;
  readonly end: number;
  /** The step of the animation that was shown last, or `Step.none`. */
  readonly step: number;
  /** What its executable had said of its progress. */
  readonly report: ProgressReport | undefined;
}

/** A node in a look of its run. */
export function recordIn(look: Float64Array, node: number, report: ProgressReport | undefined): NodeRecord {
  return {
    state: stateOf(look, node),
    percent: percentOf(look, node),
    start: nodeStartOf(look, node),
    end: nodeEndOf(look, node),
    step: Step.none,
    report,
  };
}

/** The state of all nodes at one point of a watched run, held as the one difference from its neighbour. */
export class Moment {
  /** The moment from which this one differs; missing where it is the one with the table. */
  towards: Moment | undefined;
  /** The node in which it differs, and how that was. */
  node = -1;
  record: NodeRecord | undefined;
}

/** The moments of one run while it is watched. */
export class Moments {
  /** The last moment so far. */
  latest = new Moment();
  /** The nodes as they were shown last. */
  readonly shown: ExecutionGraphNode[] = [];
  /** The listed ones of them by id. */
  map: Map<string, ExecutionGraphNode> | undefined;
  /** The nodes that are not shown as they are at the moment that has the table. */
  readonly stale = new Set<number>();
  /** The weight of each node; of a group, that of all inside of it. */
  readonly weights: number[] = [];
  /** What of the weight of each node was done when it was shown last, times 100. */
  readonly done: number[] = [];
  private current = this.latest;
  private readonly records: NodeRecord[] = [];

  constructor(look: Float64Array, nodes: number, reportOf: (node: number) => ProgressReport | undefined) {
    for (let node = 0; node < nodes; node++) {
      this.records.push(recordIn(look, node, reportOf(node)));
      this.stale.add(node);
    }
  }

  /** How a node is at the moment that has the table. */
  record(node: number): NodeRecord {
    return this.records[node] as NodeRecord;
  }

  /** A change of a node makes a new moment. `time`: when it happened, for a node that starts or ends with it. */
  change(node: number, packed: number, step: number, time: number, report: ProgressReport | undefined): Moment {
    this.show(this.latest);
    const before = this.record(node);
    const state = stateIn(packed);
    const entered = state !== before.state;
    const record: NodeRecord = {
      state,
      percent: percentIn(packed),
      start: entered && state === State.executing ? time : before.start,
      end: entered && state > State.executing ? time : before.end,
      step: step === Step.none ? before.step : step,
      report,
    };
    const moment = new Moment();
    this.pass(moment, node, record);
    this.latest = moment;
    return moment;
  }

  /** Lets a moment have the table. */
  show(moment: Moment): void {
    const way: Moment[] = [];
    for (let at = moment; at.towards !== undefined; at = at.towards) way.push(at);
    for (let at = way.pop(); at !== undefined; at = way.pop()) this.pass(at, at.node, at.record as NodeRecord);
  }

  /** Passes the table on to a moment in which one node is different. */
  private pass(to: Moment, node: number, record: NodeRecord): void {
    const from = this.current;
    from.towards = to;
    from.node = node;
    from.record = this.record(node);
    to.towards = to.record = undefined;
    this.records[node] = record;
    this.stale.add(node);
    this.current = to;
  }
}
