// As shown:
// Main conductor instance
import { conductor } from "@atomiton/conductor/browser";

// Factory function
import { createConductor } from "@atomiton/conductor/browser";

// Execution types
import type {
  ExecutionResult,
  ExecutionError,
  ConductorExecutionContext,
  ExecutionStatus,
} from "@atomiton/conductor/browser";

// Event types
import type {
  NodeProgressEvent,
  NodeCompleteEvent,
  NodeErrorEvent,
  FlowSavedEvent,
} from "@atomiton/conductor/browser";

// Error types
import { ErrorCode } from "@atomiton/conductor/browser";
import type { ErrorRecoveryStrategy } from "@atomiton/conductor/browser";

// Progress event types
import type {
  ProgressEvent,
  ProgressNodeSnapshot,
  ProgressGraphMetadata,
} from "@atomiton/conductor/browser";

// Validation
import { isValidProgressEvent } from "@atomiton/conductor/browser";

// Branded types
import { createExecutionId, toExecutionId } from "@atomiton/conductor/browser";
import type { ExecutionId } from "@atomiton/conductor/browser";

// Constants
import { DEFAULT_SLOWMO_MS } from "@atomiton/conductor/browser";
