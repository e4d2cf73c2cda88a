/** What pages have in the place of machine-templates.ts, so that none loads the text of flows that it cannot run. */
import type { ShelvedTemplate } from "./flow-file.js";

/** None. */
export const machineTemplates: ShelvedTemplate[] = [];
