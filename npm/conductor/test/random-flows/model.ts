/** How a flow must go, one node at a time: recursion over the definition, with no engine in it. */
import type { Definition } from "../contract/flows.js";
import type { Answer, RandomFlow } from "./flow.js";

/** What can be seen of a run. */
export interface Seen {
  /** Leaves in the order in which they were started, with what they received. */
  starts: string[];
  /** Of the node that failed first among those whose error nothing took. */
  error: string | undefined;
  data: unknown;
  outputs: Record<string, unknown>;
  executedNodes: string[];
}

/**
 * What is left of a node that is over. `failed`: nothing took the error, and the run goes on with the rest; `continued`: it
 * goes on after it, as the node's policy says.
 */
type End = "output" | "error" | "skipped" | "failed" | "continued";

class Failure {
  constructor(
    readonly message: string,
    readonly retryable: boolean,
  ) {}
}

/** What a leaf answers at its `call`th start. The bodies of the test do the same. */
export function answerOf(script: Map<string, Answer[]>, id: string, call: number): Answer {
  const answers = script.get(id) as Answer[];
  return answers[Math.min(call, answers.length) - 1] as Answer;
}

/** A value in which errors are their messages. */
export function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(textOf(value));
}

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, each) => (each?.executionId === undefined ? each : `!${each.message}`));

/** What a leaf received, in a few letters. */
export function digest(input: unknown): string {
  const text = textOf(input);
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return (hash >>> 0).toString(36);
}

/** Children by level, then as declared. */
function inOrder({ nodes = [], edges = [] }: Definition): Definition[] {
  const level = (id: string): number =>
    Math.max(0, ...edges.filter(({ target }) => target === id).map(({ source }) => level(source) + 1));
  return nodes
    .map((node) => ({ node, at: level(node.id) }))
    .sort((a, b) => a.at - b.at)
    .map(({ node }) => node);
}

const isGroup = (node: Definition): boolean => (node.nodes?.length ?? 0) > 0;

/** What must be seen of a flow. */
export function modelOf({ definition: root, script, retries, keepsGoing }: RandomFlow): Seen {
  const starts: string[] = [];
  const calls = new Map<string, number>();
  const ran = new Set<string>();
  const ends = new Map<string, End>();
  /** Outputs of leaves and disabled nodes, and errors. */
  const values = new Map<string, unknown>();
  const errors = new Map<string, { executionId: string; message: string }>();

  /** A group's output is that of its last node. */
  const outputOf = (node: Definition): unknown =>
    isGroup(node) && !isDisabled(node) ? outputOf(inOrder(node).at(-1) as Definition) : values.get(node.id);
  const lastLeafOf = (node: Definition): Definition =>
    isGroup(node) && !isDisabled(node) ? lastLeafOf(inOrder(node).at(-1) as Definition) : node;
  const isDisabled = (node: Definition): boolean => node.parameters?.["enabled"] === false;
  const triesOf = (node: Definition): number =>
    1 + ((node.policy?.["retries"] as number | undefined) ?? (isGroup(node) ? 0 : retries));
  const catches = (node: Definition, scope: Definition | undefined): boolean =>
    scope?.edges?.some(({ source, sourceHandle }) => source === node.id && sourceHandle === "error") === true;

  /** Runs a group's children; gives the failure that ends it, if any. */
  const runGroup = (group: Definition, input: unknown): Failure | undefined => {
    let first: Failure | undefined;
    for (const child of inOrder(group)) {
      const edges = group.edges?.filter(({ target }) => target === child.id) ?? [];
      const carries = ({ source, sourceHandle }: (typeof edges)[number]) =>
        ends.get(source) === (sourceHandle === "error" ? "error" : "output") || ends.get(source) === "continued";
      if (edges.some(({ source }) => ends.get(source) === "failed")) {
        ends.set(child.id, "failed");
        continue;
      }
      if (edges.length > 0 && !edges.some(carries)) {
        ends.set(child.id, "skipped");
        continue;
      }
      const received: Record<string, unknown> = {};
      for (const edge of edges.filter(carries)) {
        const source = group.nodes?.find(({ id }) => id === edge.source) as Definition;
        const value = edge.sourceHandle === "error" ? errors.get(edge.source) : outputOf(source);
        if (value !== undefined) received[edge.targetHandle ?? "default"] = value;
      }
      const own = Object.keys(received).length > 0 ? received : (input ?? {});
      const failure = isDisabled(child) ? passOn(child, own) : run(child, own);
      if (failure === undefined) {
        ends.set(child.id, "output");
      } else if (catches(child, group)) {
        ends.set(child.id, "error");
        errors.set(child.id, { executionId: "", message: failure.message });
      } else if (child.policy?.["continueOnError"] === true) {
        ends.set(child.id, "continued");
        values.delete(lastLeafOf(child).id);
      } else if (keepsGoing) {
        ends.set(child.id, "failed");
        first ??= failure;
      } else {
        return failure;
      }
    }
    return first;
  };

  const passOn = (node: Definition, input: unknown): undefined => {
    const keys = Object.keys(input as object);
    const only = keys.length === 1 && keys[0] === "default";
    values.set(node.id, only ? (input as { default: unknown }).default : input);
  };

  const run = (node: Definition, input: unknown): Failure | undefined => {
    let failure: Failure | undefined;
    for (let left = triesOf(node); left > 0; left--) {
      if (isGroup(node)) forget(node);
      failure = isGroup(node) ? runGroup(node, input) : runLeaf(node, input);
      if (failure === undefined || !failure.retryable) break;
    }
    return failure;
  };

  /** A group begins: nothing is known of what it contains. */
  const forget = (group: Definition): void => {
    for (const { id, ...child } of group.nodes ?? []) {
      for (const known of [ends, values, errors]) known.delete(id);
      forget({ id, ...child });
    }
  };

  const runLeaf = ({ id }: Definition, input: unknown): Failure | undefined => {
    const call = (calls.get(id) ?? 0) + 1;
    calls.set(id, call);
    ran.add(id);
    starts.push(`${id}#${call}(${digest(input)})`);
    const answer = answerOf(script, id, call);
    if (answer.startsWith("fails")) return new Failure(`${id}#${call}`, answer === "fails");
    values.set(id, answer === "value" ? `${id}#${call}:${digest(input)}` : undefined);
    return undefined;
  };

  const failure = run(root, {});
  if (failure === undefined) ends.set(root.id, "output");
  const outputs: Record<string, unknown> = {};
  const executedNodes: string[] = [];
  const list = (node: Definition): void => {
    const output = ends.get(node.id) === "output" && !isDisabled(node) ? outputOf(node) : undefined;
    if (output !== undefined && node !== root) outputs[node.id] = output;
    if (hasRun(node) && (failure === undefined || !isGroup(node))) executedNodes.push(node.id);
    for (const child of inOrder(node)) list(child);
  };
  /** A leaf that was started; a group in which one was, or that came to its end without. */
  const hasRun = (node: Definition): boolean =>
    isGroup(node)
      ? !isDisabled(node) && (ends.get(node.id) === "output" || (node.nodes ?? []).some(hasRun))
      : ran.has(node.id);
  list(root);
  return {
    starts,
    error: failure?.message,
    data: failure === undefined ? outputOf(root) : undefined,
    outputs,
    executedNodes,
  };
}
