import { createConductor } from "@atomiton/conductor/slim";

/**
 * Finds the bridge that the preload script left, and so runs everything in the main process. `slim` because of that: the
 * page needs no engine of its own.
 */
export const conductor = createConductor();
