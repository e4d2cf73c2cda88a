/** Writing files whole or not at all, without the rest of the package. */
export { writeAtomically, writeThrough } from "../files/atomic-write.js";
