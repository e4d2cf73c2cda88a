/** A server with the node types of the library, in this process. */
import type { DefinedNode } from "@atomiton/nodes";
import { createMemoryExecutions } from "@atomiton/storage";
import { onTestFinished } from "vitest";

import { createConductor } from "../../src/exports/node.js";
import { createServer } from "../../src/exports/server.js";
import { byKey } from "../server/serving.js";

/** Starts one, with further node types; it ends with the test. */
export async function libraryServer(nodes: readonly DefinedNode[] = []) {
  const conductor = createConductor({ transport: "local", store: createMemoryExecutions(), nodes });
  const server = createServer({ conductor, durable: true, authenticate: byKey });
  const { apiUrl, close } = await server.listen({ port: 0 });
  onTestFinished(async () => {
    server.close();
    await close(0);
    await conductor.shutdown();
  });
  return { conductor, apiUrl };
}
