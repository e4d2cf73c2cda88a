/** What two executions of a store differ in. */
import type { StoredExecution } from "@atomiton/storage";

import type { Log } from "../../engine/log.js";
import { RunView } from "../../engine/view.js";
import { jsonDifferences } from "../../executions/json-differences.js";
import { toJson } from "../../executions/tagged-json.js";
import type {
  ComparedExecution,
  ComparedNode,
  ExecutionDiff,
  NodeDifference,
  ValueDifference,
  ValueDifferences,
} from "../../types/diff.js";
import type { ExecutionGraphNode } from "../../types/graph.js";
import { createExecutionId } from "../../types/ids.js";
import { FlowTree } from "./changed-nodes.js";
import type { RecordedAnswer } from "./entry.js";
import type { RecordedRun } from "./kept-run.js";
import { readBack } from "./read-back.js";

/** Places that are told of one node, and of all. */
const MOST_OF_NODE = 20;
const MOST = 1_000;

/** An execution with its row in the store. */
export interface ComparedRun {
  row: StoredExecution;
  recorded: RecordedRun;
}

/** One side of a node. */
interface Side {
  compared: ComparedNode;
  /** What it answered, by the rounds around it. */
  answers: ReadonlyMap<string, RecordedAnswer>;
}

/** Compares two executions. */
export function executionDiff(a: ComparedRun, b: ComparedRun, log: Log): ExecutionDiff {
  const [sidesA, sidesB] = [sidesOf(a, log), sidesOf(b, log)];
  let left = MOST;
  const nodes = [...new Set([...sidesA.keys(), ...sidesB.keys()])].map((path): NodeDifference => {
    const [one, other] = [sidesA.get(path), sidesB.get(path)];
    const found = new Found(Math.min(MOST_OF_NODE, left));
    if (one !== undefined && other !== undefined) compareAnswers(one, other, a, b, found);
    left -= found.differences.length;
    return {
      path,
      ...(one !== undefined && { a: one.compared }),
      ...(other !== undefined && { b: other.compared }),
      ...found.all,
    };
  });
  const [given, alsoGiven] = [a.recorded.context, b.recorded.context];
  return {
    a: comparedExecution(a.row),
    b: comparedExecution(b.row),
    input: compared(given.input, alsoGiven.input),
    variables: compared(given.variables, alsoGiven.variables),
    nodes,
  };
}

/** Differences that are told, and how many more there are. */
class Found {
  readonly differences: ValueDifference[] = [];
  private more = 0;

  constructor(private readonly most: number) {}

  add(difference: ValueDifference): void {
    if (this.differences.length < this.most) this.differences.push(difference);
    else this.more++;
  }

  get all(): ValueDifferences {
    return { differences: this.differences, ...(this.more > 0 && { more: this.more }) };
  }
}

function compared(a: unknown, b: unknown): ValueDifferences {
  const found = new Found(MOST_OF_NODE);
  const [one, other] = [a, b].map((value) => (value === undefined ? undefined : toJson(value, () => {})));
  jsonDifferences(one, other, (difference) => found.add(difference));
  return found.all;
}

function comparedExecution({ id, flowId, status, startedAt, endedAt, parentId }: StoredExecution): ComparedExecution {
  return {
    executionId: createExecutionId(id),
    flowId,
    status,
    ...(endedAt !== undefined && { duration: endedAt - startedAt }),
    ...(parentId !== undefined && { parentId }),
  };
}

/** The nodes of an execution by path, in the order of its flow. */
function sidesOf({ recorded }: ComparedRun, log: Log): ReadonlyMap<string, Side> {
  const { run, answers } = readBack(recorded, log);
  const seen = new Map<string, ExecutionGraphNode>();
  const see = (nodes: Iterable<ExecutionGraphNode>, above: string) => {
    for (const node of nodes) {
      seen.set(`${above}${node.id}`, node);
      see(node.nodes ?? [], `${above}${node.id}/`);
    }
  };
  see(new RunView(run).state().nodes.values(), "");
  const tree = new FlowTree(recorded.node);
  const sides = new Map<string, Side>();
  for (let place = tree.nodes.length > 1 ? 1 : 0; place < tree.nodes.length; place++) {
    const path = tree.pathOf(place);
    const node = seen.get(path);
    if (node === undefined) continue;
    const given = new Map<string, RecordedAnswer>();
    for (const [key, { task, attempt }] of answers.byNode.get(place) ?? []) {
      const answer = key.includes("#") ? undefined : recorded.history.recorded(task, attempt);
      if (answer !== undefined) given.set(key, answer);
    }
    sides.set(path, { compared: comparedNode(node), answers: given });
  }
  return sides;
}

function comparedNode({ state, duration, attempts, reused, error }: ExecutionGraphNode): ComparedNode {
  return {
    state,
    ...(duration !== undefined && { duration }),
    attempts: attempts?.number ?? (state === "pending" || state === "skipped" ? 0 : 1),
    ...(reused && { reused }),
    ...(error !== undefined && { error }),
  };
}

function compareAnswers(one: Side, other: Side, a: ComparedRun, b: ComparedRun, found: Found): void {
  const rounds = [...new Set([...one.answers.keys(), ...other.answers.keys()])].sort(byRounds);
  for (const round of rounds) {
    const [first, second] = [one.answers.get(round), other.answers.get(round)];
    const tell = (difference: ValueDifference) => found.add(round === "" ? difference : { ...difference, round });
    jsonDifferences(first && a.recorded.history.contentOf(first), second && b.recorded.history.contentOf(second), tell);
    const [handles, others] = [handlesOf(first), handlesOf(second)];
    if (first !== undefined && second !== undefined && handles !== others) {
      tell({ path: "", a: `by ${handles}`, b: `by ${others}` });
    }
  }
}

/** The handles that carry an answer, in words. */
function handlesOf(answer: RecordedAnswer | undefined): string {
  const { handles } = (answer?.entry[4] ?? {}) as { handles?: readonly string[] };
  return handles === undefined ? "every edge" : `the handles ${JSON.stringify(handles)}`;
}

function byRounds(one: string, other: string): number {
  const [a, b] = [one.split("."), other.split(".")];
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    if (a[at] !== b[at]) return Number(a[at]) - Number(b[at]);
  }
  return a.length - b.length;
}
