/** What comes with a conductor at each entry point for pages. */

export { defineNode } from "@atomiton/nodes/browser";
export { openReplay } from "../../api/replay/open-replay.js";
export { flow } from "../../builder/flow.js";
export { FlowTextError, problemText, readFlow } from "../../engine/flows.js";
export { ErrorCode } from "../../types/errors.js";
export { createExecutionId, toExecutionId } from "../../types/ids.js";
export { DEFAULT_SLOWMO_MS, isValidProgressEvent } from "../../types/progress-event.js";
export { validateFlow } from "../environment/browser.js";
export type * from "../shapes.js";
