/** What comes with a conductor at each entry point for pages. */

export { ErrorCode } from "../../types/errors.js";
export { createExecutionId, toExecutionId } from "../../types/ids.js";
export { DEFAULT_SLOWMO_MS, isValidProgressEvent } from "../../types/progress-event.js";
export * from "../authoring.js";
export type * from "../shapes.js";
