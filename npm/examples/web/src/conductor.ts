import { createConductor } from "@atomiton/conductor/browser";
import { pageNodes } from "./page-nodes.ts";

/** The server of `?api=http://…`; without it flows run in the page. */
export const apiUrl = new URLSearchParams(location.search).get("api") || undefined;

/** Runs the flows of this page. The library's node types are there by themselves; these come beside them. */
export const conductor = createConductor({
  ...(apiUrl !== undefined && { apiUrl }),
  nodeExecutorFactory: { getNodeExecutable: (type) => pageNodes.get(type) },
});
