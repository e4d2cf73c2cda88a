import { NodeError } from "../../contract/error.js";
import { executable } from "../../library/work.js";
import { tryType } from "./definition.js";

/** The engine runs the nodes inside. Fails with INVALID_PARAMETERS where there are none. */
export const tryNode = executable<object>(tryType, async () => {
  throw new NodeError("INVALID_PARAMETERS", "There is nothing to try; put the nodes inside that may fail");
});
