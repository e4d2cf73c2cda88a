import engine from "@atomiton/conductor/conductor.wasm?url";
import { createConductor, init } from "@atomiton/conductor/slim";
import { pageNodes } from "./page-nodes.ts";

/** The server of `?api=http://…`; without it flows run in the page. */
export const apiUrl = new URLSearchParams(location.search).get("api") || undefined;

/** Whether runs are kept, so that they go on after a reload. Browsers allow that on HTTPS and on localhost. */
const keepsRuns = apiUrl === undefined && isSecureContext;

/** Runs the flows of this page. The library's node types are there by themselves; these come beside them. */
export const conductor = createConductor({
  ...(apiUrl !== undefined && { apiUrl }),
  ...(keepsRuns && { store: "indexeddb:flows-in-a-page" }),
  nodeExecutorFactory: { getNodeExecutable: (type) => pageNodes.get(type) },
});

/**
 * Resolves when flows can be checked and run. The engine is a file of its own, which is fetched while the page is drawn, and
 * not at all where a server does the work. After a failure it is tried again.
 */
export const ready = async (): Promise<void> => {
  if (apiUrl === undefined) await init(engine);
};

/** The runs that the page left unfinished when it was last open: they go on. */
export const leftRuns = ready().then(async () => (keepsRuns ? (await conductor.recover()).resumed : []));

/** Forgets a run that is over and shown. */
export const forget = async (executionId: string): Promise<void> => {
  if (keepsRuns) await conductor.executions.delete([executionId]);
};

// Errors are told to the caller that waits for them.
leftRuns.catch(() => {});
