/** Flows that are run by a node of another flow, as a part of its run. */
import type { Call, FlowRunner } from "../engine/call.js";
import type { NodeExecutorFactory } from "../engine/executables.js";
import { coded, RETRY } from "../engine/failure.js";
import { fileOf } from "../engine/flow-origin.js";
import type { NodeDefinition } from "../types/definition.js";
import type { ExecutionError } from "../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../types/execution.js";
import type { TraceSpan } from "../types/tracing.js";
import { contextOf } from "./contexts.js";
import { refuseVariables, variableProblems } from "./variables.js";

/** How deep flows may run each other. */
const DEEPEST = 32;
const TOO_DEEP = `Flows run each other ${DEEPEST} deep`;

/** Where flows are found and how they are run. */
export interface SubFlowParts {
  /** A stored flow, or a template. */
  find(id: string): Promise<NodeDefinition | undefined>;
  /** A flow in a file that one in the file `namedIn` names; missing where there are no files. Rejects with what is wrong with it. */
  read: ((path: string, namedIn: string | undefined) => Promise<NodeDefinition>) | undefined;
  /**
   * Runs it without a word to listeners and stores of graphs; `onProgress` is told how far it is, 0–100. `key` is its id where
   * executions are kept: the same for the same try of the node, also after a restart. `executables`: those of the run around it; `around`: the span of the node.
   */
  run(
    flow: NodeDefinition,
    context: ConductorExecutionContext,
    onProgress: (percent: number) => void,
    key: string,
    executables: NodeExecutorFactory | undefined,
    around: TraceSpan | undefined,
  ): Promise<ExecutionResult>;
  cancel(executionId: string): void;
}

/** Makes what runs them. */
export function subFlows({ find, read, run, cancel }: SubFlowParts): FlowRunner {
  /** The flows around a run, by the context of that. */
  const around = new WeakMap<ConductorExecutionContext, readonly string[]>();

  return async (call, asked, given) => {
    const name = typeof asked === "string" ? asked : asked.id;
    const above = around.get(call.run) ?? [];
    if (above.length >= DEEPEST) throw tooDeep([...above, name]);
    const flow = typeof asked === "string" ? await named(asked, call) : (asked as unknown as NodeDefinition);
    if (flow === undefined) {
      throw coded(
        "NODE_NOT_FOUND",
        `There is no flow \`${name}\`: neither a stored one nor a template has this id`,
        undefined,
      );
    }
    refuseVariables(variableProblems(name, flow, given.variables));
    const context = contextOf(flow, {
      executionId: idOf(call, flow, given.key),
      input: given.input as Record<string, unknown>,
      variables: given.variables,
      parentContext: parentOf(call),
      slowMo: call.run.slowMo as number,
    });
    around.set(context, [...above, name]);
    const stop = () => cancel(context.executionId);
    call.signal.addEventListener("abort", stop, { once: true });
    try {
      // Of several that run beside each other, none is how far the node is.
      const tell = (percent: number) => {
        if (given.key === undefined) call.owner.reportProgress(call, percent, undefined);
      };
      const { owner } = call;
      const result = await run(
        flow,
        context,
        tell,
        keyOf(call, flow, given.key),
        owner.executables,
        owner.spanOf?.(call),
      );
      for (const { nodeId, rule, message } of result.warnings ?? []) {
        call.owner.warn(call, rule, `In \`${name}\`, node \`${nodeId}\`: ${message}`);
      }
      if (!result.success) throw failed(name, result.error as ExecutionError);
      return result.data;
    } finally {
      call.signal.removeEventListener("abort", stop);
    }
  };

  async function named(name: string, call: Call): Promise<NodeDefinition | undefined> {
    return isPath(name) ? readFlow(name, call) : find(name);
  }

  async function readFlow(path: string, { owner }: Call): Promise<NodeDefinition> {
    if (read !== undefined) return read(path, owner.plan && fileOf(owner.plan.node(0)));
    throw coded(
      "NODE_NOT_FOUND",
      `The flow \`${path}\` is a file, and files cannot be read here; save the flow and name its id`,
      undefined,
    );
  }
}

/** Whether a name is that of a file. */
export function isPath(name: string): boolean {
  return name.includes("/") || /\.(?:ya?ml|json)$/i.test(name);
}

/** A further try of a node runs the flow anew, and so does a group that begins again. */
function keyOf(call: Call, flow: NodeDefinition, key: string | undefined): string {
  const repeats = (call.owner.repeatsAround?.(call) ?? 0) + 1;
  const tries = call.attemptNumber;
  return `${idOf(call, flow, key)}${repeats === 1 && tries === 1 ? "" : `~${repeats}.${tries}`}`;
}

/** A node that runs several flows tells them apart. */
function idOf(call: Call, flow: NodeDefinition, key: string | undefined): string {
  return `${call.executionId}/${flow.id}${key === undefined ? "" : `/${key}`}`;
}

/** The node that runs the flow is around it. */
function parentOf({ run, nodeId, executionId, input, parentContext }: Call): ConductorExecutionContext {
  return {
    ...run,
    nodeId: nodeId as ConductorExecutionContext["nodeId"],
    executionId,
    input: input as Record<string, unknown>,
    parentContext: parentContext as ConductorExecutionContext,
  };
}

function failed(name: string, { code, message, nodeId, cause, recovery }: ExecutionError): Error {
  // The way there would be told once for each flow around.
  const deep = message.indexOf(TOO_DEEP);
  const told = deep < 0 ? `In \`${name}\`, node \`${String(nodeId)}\`: ${message}` : message.slice(deep);
  const error = coded(code, told, cause);
  // What the flow says of another try counts for the node.
  return recovery?.retryable === false ? Object.assign(error, { [RETRY]: false }) : error;
}

function tooDeep(names: readonly string[]): Error {
  const shown = names.slice(-4).map((name) => `\`${name}\``);
  const message = `${TOO_DEEP}: … ${shown.join(" → ")}. A condition has to keep one from running the other again`;
  return Object.assign(coded("EXECUTION_FAILED", message, undefined), { [RETRY]: false });
}
