/** Running nodes on the other side. */
import { messageOf } from "@atomiton/values";
import { SERVICES } from "../../services/contract.js";
import type { NodeApi, ValidationResult } from "../../services/node.js";
import type { NodeDefinition } from "../../types/definition.js";
import type { ErrorCode, ErrorRecoveryStrategy, ExecutionError } from "../../types/errors.js";
import type { ConductorExecutionContext, ExecutionResult } from "../../types/execution.js";
import { createExecutionId, type ExecutionId, type NodeId } from "../../types/ids.js";
import type { RemoteTransport } from "../../types/transport.js";
import { codeOf, TransportError } from "../failure.js";
import { RemoteExecutions } from "./executions.js";
import { executionReaders } from "./older-servers.js";
import { type Recovery, toResult } from "./result.js";
import { noTransport, stubsOf } from "./stubs.js";

export interface RemoteNodeOptions {
  /** What a caller can do about an error; without it errors from here carry no `recovery`. */
  recovery?: Recovery;
  /** Default `console.warn`. */
  warn?: (message: string) => void;
  /** Deadline of an execution in ms. Default none. */
  timeout?: number | undefined;
  /** Default is one that knows of this transport's executions only. */
  executions?: RemoteExecutions;
}

/**
 * `node` over a transport. `run` never rejects: where there is no transport its result is `NO_TRANSPORT`; what the
 * transport throws is tried again as `RemoteExecutions` says, and then becomes a result with its code, or
 * `EXECUTION_FAILED` if it has none. The execution id is made here, so that both sides know the execution by it, and a
 * repeated call as the same execution.
 */
export function remoteNode(transport: RemoteTransport | undefined, options: RemoteNodeOptions = {}): NodeApi {
  const { recovery, timeout, warn = warnOnConsole } = options;
  const { executions = new RemoteExecutions(transport, { warn }) } = options;
  const read = (answer: unknown) => toResult(answer, recovery);

  const stubs = stubsOf(SERVICES.node, transport, warn, executionReaders(recovery));

  async function execute(
    transport: RemoteTransport,
    args: { node: NodeDefinition; context: ConductorExecutionContext },
  ): Promise<ExecutionResult> {
    const { nodeId, executionId } = args.context;
    const begin = async () => {
      const result = read(await transport.call("node", "execute", args));
      if (result !== undefined) return result;
      throw new TransportError("DESERIALIZATION_FAILED", "The answer of node.execute is no result");
    };
    const tried = await executions.run({ executionId, timeout, begin, read });
    if (tried.ok) return tried.value;
    return failed(codeOf(tried.error), messageOf(tried.error), nodeId, executionId, recovery);
  }

  return {
    ...stubs,

    async run(node, given = {}) {
      const context = contextOf(node, given ?? {});
      const { nodeId, executionId } = context;
      const refused = refusedNode(node, context, recovery);
      if (refused !== undefined) return refused;
      if (transport === undefined) {
        const message = "No transport available for execution in browser environment";
        return failed("NO_TRANSPORT", message, nodeId, executionId, recovery);
      }
      return execute(transport, { node, context });
    },

    async validate(node): Promise<ValidationResult> {
      const errors = missingFields(node);
      if (errors.length > 0 || transport === undefined) return { valid: errors.length === 0, errors };
      const answer: ValidationResult | null | undefined = await stubs.validate(node);
      if (typeof answer?.valid === "boolean" && Array.isArray(answer.errors)) return answer;
      throw new TransportError(
        "DESERIALIZATION_FAILED",
        "The answer of node.validate does not say whether the node is valid",
      );
    },

    cancel: (executionId) => executions.cancel(executionId),

    async attach(executionId) {
      if (transport === undefined) throw noTransport(SERVICES.node);
      return executions.attach(executionId, read);
    },
  };
}

/** The result for a node that lacks its id or type; nothing for one that has both. */
export function refusedNode(
  node: NodeDefinition | null | undefined,
  given: { executionId?: string } | undefined,
  recovery: Recovery | undefined,
): ExecutionResult | undefined {
  if (missingFields(node).length === 0) return undefined;
  const message = "Invalid node definition: id and type are required";
  const nodeId = (node?.id || "unknown") as NodeId;
  return failed("INVALID_NODE", message, nodeId, createExecutionId(given?.executionId), recovery);
}

/** The default for where warnings go. */
export function warnOnConsole(message: string): void {
  console.warn(message);
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
): ExecutionResult {
  const error: ExecutionError = { code, message, nodeId, executionId, timestamp: new Date() };
  if (recovery !== undefined) error.recovery = recovery(code);
  return { success: false, error, duration: 0, executedNodes: [] };
}
