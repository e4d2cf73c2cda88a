/** Flows that come with the node library. */
import { getFlowTemplate, listFlowTemplates } from "@atomiton/nodes/templates/flows";
import type { Templates } from "../../api/environment.js";

/** The same in every environment. */
export const templates: Templates = {
  list: () => listFlowTemplates().map(({ slug: _, ...template }) => template),
  get: (id) => getFlowTemplate(id) ?? undefined,
};
