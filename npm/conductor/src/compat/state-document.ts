/** An execution state as a text. */
import { fromJson, type Json, type Loss, toJson } from "../executions/tagged-json.js";
import { type ExecutionState, type NodeState, STATUSES } from "./execution-state.js";
import { StateFileError } from "./state-file-error.js";

const FORMAT = "atomiton-execution-state";

/** Files of later versions are refused. */
const VERSION = 1;

/**
 * Refuses an id under which nothing is kept.
 *
 * @throws StateFileError `SERIALIZATION_FAILED` for what is no text: read back, it would be another id.
 */
export function demandTextId(executionId: string): void {
  if (typeof executionId === "string") return;
  const message = `An execution whose id is no string but of type ${typeof executionId} is not kept. Give it a string`;
  throw new StateFileError("SERIALIZATION_FAILED", message);
}

/** The text of a state, and what of the state is not in it. */
export function writeState(state: ExecutionState): { text: string; losses: Loss[] } {
  const losses: Loss[] = [];
  const document: Record<string, Json> = {
    format: FORMAT,
    version: VERSION,
    state: toJson(state, ({ path, what }) => losses.push({ path: path.replace(/^\["([A-Za-z]+)"\]/, "$1"), what })),
  };
  return { text: `${JSON.stringify(document)}\n`, losses };
}

/**
 * The state in a text.
 *
 * @param subject how the text is called at the beginning of messages
 * @throws StateFileError `DESERIALIZATION_FAILED` when it is torn, foreign, or of a later version.
 */
export function readState(text: string, subject: string): ExecutionState {
  try {
    return stateIn(text);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    const message = `${subject} cannot be read and is left as it is: ${error.message}`;
    throw new StateFileError("DESERIALIZATION_FAILED", message, { cause: error.cause });
  }
}

/** Why a text is no state. */
class Unreadable extends Error {}

function stateIn(text: string): ExecutionState {
  const document = parsed(text);
  if (document?.format !== FORMAT) throw unreadable("it is no execution state");
  if (document.version !== VERSION) {
    throw unreadable(`it has version ${JSON.stringify(document.version)}, and this program knows ${VERSION}`);
  }
  let state: unknown;
  try {
    state = fromJson(document.state ?? null);
  } catch (error) {
    throw unreadable(error instanceof Error ? error.message : "a value is broken", error);
  }
  if (!isExecutionState(state)) throw unreadable("parts of the state are missing or of another kind");
  return state;
}

function parsed(text: string): Record<string, Json> | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" ? (json as Record<string, Json> | null) : null;
  } catch (error) {
    throw unreadable("it is no JSON", error);
  }
}

function unreadable(reason: string, cause?: unknown): Unreadable {
  return new Unreadable(reason, { cause });
}

function isExecutionState(value: unknown): value is ExecutionState {
  if (typeof value !== "object" || value === null) return false;
  const { executionId, blueprintId, status, startTime, endTime, nodeStates, variables, checkpoints } =
    value as Partial<ExecutionState>;
  return (
    typeof executionId === "string" &&
    typeof blueprintId === "string" &&
    isStatus(status) &&
    startTime instanceof Date &&
    (endTime === undefined || endTime instanceof Date) &&
    nodeStates instanceof Map &&
    [...nodeStates.values()].every(isNodeState) &&
    variables instanceof Map &&
    Array.isArray(checkpoints) &&
    checkpoints.every((entry) => entry?.timestamp instanceof Date && entry.state instanceof Map)
  );
}

function isNodeState(value: NodeState | undefined): boolean {
  return typeof value?.nodeId === "string" && isStatus(value.status) && typeof value.retryCount === "number";
}

function isStatus(value: unknown): boolean {
  return STATUSES.includes(value as never);
}
