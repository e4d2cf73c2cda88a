/** `@atomiton/conductor/types`: every name. */

import type {
  ConductorExecutionContext,
  ConductorTransport,
  ErrorRecoveryStrategy,
  ExecutionError,
  ExecutionId,
  ExecutionResult,
  ExecutionStatus,
  ExecutionTrace,
  ExecutionTraceEvent,
  HealthResult,
  NodeExecutionState,
  NodeExecutionTrace,
  NodeExecutorFactory,
  NodeId,
  TransportConfig,
} from "@atomiton/conductor/types";
import * as types from "@atomiton/conductor/types";

import type { Fits, Holds, Same, Untyped } from "./check.js";

/** The types of this entry point by name. */
export interface Types {
  ConductorExecutionContext: ConductorExecutionContext;
  ConductorTransport: ConductorTransport;
  ErrorCode: types.ErrorCode;
  ErrorRecoveryStrategy: ErrorRecoveryStrategy;
  ExecutionError: ExecutionError;
  ExecutionId: ExecutionId;
  ExecutionResult: ExecutionResult;
  ExecutionStatus: ExecutionStatus;
  ExecutionTrace: ExecutionTrace;
  ExecutionTraceEvent: ExecutionTraceEvent;
  HealthResult: HealthResult;
  NodeExecutionState: NodeExecutionState;
  NodeExecutionTrace: NodeExecutionTrace;
  NodeExecutorFactory: NodeExecutorFactory;
  NodeId: NodeId;
  TransportConfig: TransportConfig;
}

export const values = types satisfies {
  ErrorCode: { [Code in types.ErrorCode]: Code };
  createExecutionError(
    code: types.ErrorCode,
    message: string,
    options?: { nodeId?: NodeId; executionId?: ExecutionId; cause?: unknown; context?: Record<string, unknown> },
  ): ExecutionError;
  isExecutionError(value: unknown): value is ExecutionError;
  toExecutionError(
    error: unknown,
    defaultCode?: types.ErrorCode,
    nodeId?: NodeId,
    executionId?: ExecutionId,
  ): ExecutionError;
  getErrorRecoveryStrategy(error: types.ErrorCode): ErrorRecoveryStrategy;
  createExecutionId(id?: string): ExecutionId;
  toExecutionId(id: string): ExecutionId;
  createNodeId(id?: string): NodeId;
  toNodeId(id: string): NodeId;
  isExecutionId(value: unknown): value is ExecutionId;
  isNodeId(value: unknown): value is NodeId;
  executionIdToString(id: ExecutionId): string;
  nodeIdToString(id: NodeId): string;
  toNodeIds(ids: string[]): NodeId[];
  nodeIdsToStrings(ids: NodeId[]): string[];
};

export type Statements = [
  Holds<Same<Untyped<Types>, never>>,
  Holds<
    Same<
      types.ErrorCode,
      | "VALIDATION_FAILED"
      | "INVALID_PARAMETERS"
      | "INVALID_NODE"
      | "MISSING_REQUIRED_FIELD"
      | "TYPE_MISMATCH"
      | "EXECUTION_FAILED"
      | "NODE_NOT_FOUND"
      | "NODE_TYPE_NOT_FOUND"
      | "IMPLEMENTATION_NOT_FOUND"
      | "CIRCULAR_DEPENDENCY"
      | "NO_EXECUTOR_FACTORY"
      | "TIMEOUT"
      | "CANCELLED"
      | "MEMORY_LIMIT_EXCEEDED"
      | "RATE_LIMIT_EXCEEDED"
      | "TRANSPORT_ERROR"
      | "NO_TRANSPORT"
      | "IPC_COMMUNICATION_FAILED"
      | "SERIALIZATION_FAILED"
      | "DESERIALIZATION_FAILED"
      | "INTERNAL_ERROR"
      | "UNKNOWN_ERROR"
    >
  >,
  Holds<
    Same<
      keyof ExecutionError,
      "code" | "message" | "nodeId" | "executionId" | "timestamp" | "stack" | "cause" | "context" | "recovery"
    >
  >,
  Holds<Same<ExecutionError["timestamp"], Date>>,
  Holds<
    Same<ExecutionTrace["events"][number]["type"], "started" | "progress" | "state-change" | "completed" | "error">
  >,
  Holds<Same<ExecutionTrace["nodes"], NodeExecutionTrace[]>>,
  Holds<Same<ExecutionTrace["events"], ExecutionTraceEvent[]>>,
  Holds<Fits<{ getNodeExecutable(type: string): undefined }, NodeExecutorFactory>>,
  Holds<
    Fits<
      | "nodeId"
      | "nodeName"
      | "nodeType"
      | "startTime"
      | "endTime"
      | "duration"
      | "state"
      | "progress"
      | "events"
      | "childTraces",
      keyof NodeExecutionTrace
    >
  >,
  // The compiler tells the ids of executions from those of nodes, and takes plain text for both.
  Holds<Fits<string, ExecutionId>>,
  Holds<Fits<ExecutionId, string>>,
  Holds<Same<Fits<ExecutionId, NodeId>, false>>,
];

/** Without a default: a code that is added or taken away does not compile. */
export function isWorthAnotherTry(code: types.ErrorCode): boolean {
  switch (code) {
    case "EXECUTION_FAILED":
    case "TIMEOUT":
    case "RATE_LIMIT_EXCEEDED":
    case "TRANSPORT_ERROR":
    case "IPC_COMMUNICATION_FAILED":
      return true;
    case types.ErrorCode.VALIDATION_FAILED:
    case types.ErrorCode.INVALID_PARAMETERS:
    case types.ErrorCode.INVALID_NODE:
    case types.ErrorCode.MISSING_REQUIRED_FIELD:
    case types.ErrorCode.TYPE_MISMATCH:
    case types.ErrorCode.NODE_NOT_FOUND:
    case types.ErrorCode.NODE_TYPE_NOT_FOUND:
    case types.ErrorCode.IMPLEMENTATION_NOT_FOUND:
    case types.ErrorCode.CIRCULAR_DEPENDENCY:
    case types.ErrorCode.NO_EXECUTOR_FACTORY:
    case types.ErrorCode.CANCELLED:
    case types.ErrorCode.MEMORY_LIMIT_EXCEEDED:
    case types.ErrorCode.NO_TRANSPORT:
    case types.ErrorCode.SERIALIZATION_FAILED:
    case types.ErrorCode.DESERIALIZATION_FAILED:
    case types.ErrorCode.INTERNAL_ERROR:
    case types.ErrorCode.UNKNOWN_ERROR:
      return false;
  }
}
