// As shown:
// Main conductor instance

// Execution types
// Event types
// Progress event types
import type {
  ConductorExecutionContext,
  ErrorRecoveryStrategy,
  ExecutionError,
  ExecutionId,
  ExecutionResult,
  ExecutionStatus,
  FlowSavedEvent,
  NodeCompleteEvent,
  NodeErrorEvent,
  NodeProgressEvent,
  ProgressEvent,
  ProgressGraphMetadata,
  ProgressNodeSnapshot,
} from "@atomiton/conductor/browser";
import {
  conductor,
  createConductor,
  createExecutionId,
  DEFAULT_SLOWMO_MS,
  ErrorCode,
  isValidProgressEvent,
  toExecutionId,
} from "@atomiton/conductor/browser";
