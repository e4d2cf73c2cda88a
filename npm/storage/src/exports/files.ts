/** Writing files whole or not at all, and where paths really are, without the rest of the package. */
export { writeAtomically, writeThrough } from "../files/atomic-write.js";
export { isInside, realPath } from "../files/containment.js";
