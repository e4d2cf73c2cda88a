/** Running nodes on the other side. */
import type { ActiveExecution, NodeApi, ValidationResult } from "../../types/api.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ErrorCode, ErrorRecoveryStrategy, ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext, ExecutionOutcome } from "../../types/execution.js";
import { createExecutionId, type ExecutionId, type NodeId } from "../../types/ids.js";
import type { RemoteTransport } from "../../types/transport.js";
import { codeOf, isRetryable, messageOf, TransportError } from "../failure.js";
import { withRetries } from "../retry.js";
import { type Cancellation, Cancellations } from "./cancellation.js";
import { remoteEvents } from "./events.js";
import { type Recovery, toResult } from "./result.js";

export interface RemoteNodeOptions {
  /** What a caller can do about an error; without it errors from here carry no `recovery`. */
  recovery?: Recovery;
  /** Default `console.warn`. */
  warn?: (message: string) => void;
  /** Further attempts when the transport fails. Default 3. */
  retries?: number;
  /** Wait before the first of them in ms; doubles. Default 1000. */
  retryDelay?: number;
}

/**
 * `node` over a transport. `run` never rejects: where there is no transport its result is `NO_TRANSPORT`; what the
 * transport throws is tried again, and then becomes a result with its code, or `EXECUTION_FAILED` if it has none. The
 * execution id is made here, so that both sides know the execution by it, and a repeated call as the same execution.
 */
export function remoteNode(transport: RemoteTransport | undefined, options: RemoteNodeOptions = {}): NodeApi {
  const { recovery, warn = (message) => console.warn(message), retries, retryDelay } = options;
  const cancellations = new Cancellations(transport, warn);
  const retry = {
    warn,
    ...(retries !== undefined && { retries }),
    ...(retryDelay !== undefined && { delay: retryDelay }),
  };

  /** Tries until there is an answer, or nobody waits for one any more. */
  async function execute(
    transport: RemoteTransport,
    args: { node: NodeDefinition; context: ConductorExecutionContext },
    cancellation: Cancellation,
  ): Promise<ExecutionOutcome> {
    const call = () => transport.call("node", "execute", args);
    const tried = await Promise.race([
      withRetries(call, { ...retry, signal: cancellation.signal }),
      cancellation.abandoned,
    ]);
    const { nodeId, executionId } = args.context;
    if (!tried.ok) return failed(codeOf(tried.error), messageOf(tried.error), nodeId, executionId, recovery);
    const result = toResult(tried.value, recovery);
    if (result !== undefined) return result;
    return failed("DESERIALIZATION_FAILED", "The answer of node.execute is no result", nodeId, executionId, recovery);
  }

  return {
    async run(node, given = {}) {
      const context = contextOf(node, given ?? {});
      const { nodeId, executionId } = context;
      if (missingFields(node).length > 0) {
        const message = "Invalid node definition: id and type are required";
        return failed("INVALID_NODE", message, nodeId || "unknown", executionId, recovery);
      }
      if (transport === undefined) {
        const message = "No transport available for execution in browser environment";
        return failed("NO_TRANSPORT", message, nodeId, executionId, recovery);
      }
      return cancellations.during(executionId, (cancellation) => execute(transport, { node, context }, cancellation));
    },

    async validate(node): Promise<ValidationResult> {
      const errors = missingFields(node);
      if (errors.length > 0 || transport === undefined) return { valid: errors.length === 0, errors };
      const answer = (await transport.call("node", "validate", { node })) as ValidationResult | null | undefined;
      if (typeof answer?.valid === "boolean" && Array.isArray(answer.errors)) return answer;
      throw new TransportError(
        "DESERIALIZATION_FAILED",
        "The answer of node.validate says not whether the node is valid",
      );
    },

    cancel: (executionId) => cancellations.cancel(executionId),

    async pause(executionId) {
      await transport?.call("node", "pause", executionId);
    },

    async resume(executionId) {
      await transport?.call("node", "resume", executionId);
    },

    async active() {
      const answer = await transport?.call("node", "active");
      return Array.isArray(answer) ? (answer as ActiveExecution[]) : [];
    },

    async attach(executionId) {
      if (transport === undefined)
        throw new TransportError("NO_TRANSPORT", "No transport available for node operations");
      const tried = await withRetries(() => transport.call("node", "attach", executionId), {
        ...retry,
        isRetryable: (error) => isRetryable(error) && !(error instanceof TransportError && error.answered),
      });
      if (!tried.ok) throw tried.error;
      const result = toResult(tried.value, recovery);
      if (result !== undefined) return result;
      throw new TransportError("DESERIALIZATION_FAILED", "The answer of node.attach is no result");
    },

    ...remoteEvents(transport, recovery),
  };
}

/** All that is sent of a context, and nothing else. */
function contextOf(node: NodeDefinition, given: Partial<ConductorExecutionContext>): ConductorExecutionContext {
  const context: Record<keyof ConductorExecutionContext, unknown> = {
    nodeId: node?.id,
    executionId: createExecutionId(given.executionId),
    variables: given.variables ?? {},
    input: given.input,
    parentContext: given.parentContext,
    slowMo: given.slowMo,
    debug: given.debug,
  };
  return context as ConductorExecutionContext;
}

function missingFields(node: NodeDefinition | null | undefined): string[] {
  const errors: string[] = [];
  if (!node?.id) errors.push("Node must have an id");
  if (!node?.type) errors.push("Node must have a type");
  return errors;
}

/** Nothing is known to have run, nor for how long. */
function failed(
  code: ErrorCode,
  message: string,
  nodeId: NodeId,
  executionId: ExecutionId,
  recovery: ((code: ErrorCode) => ErrorRecoveryStrategy) | undefined,
): ExecutionOutcome {
  const error: ExecutionError = { code, message, nodeId, executionId, timestamp: new Date() };
  if (recovery !== undefined) error.recovery = recovery(code);
  return { success: false, error, duration: 0, executedNodes: [] };
}
