/** Writing files whole or not at all, one after the other, and where paths really are, without the rest of the package. */
export { renameToNew, writeAtomically, writeThrough } from "../files/atomic-write.js";
export { isInside, realPath } from "../files/containment.js";
export { inTurnOfFile } from "../files/turns.js";
