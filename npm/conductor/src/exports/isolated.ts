/** What runs in the process of an isolated execution. */
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { getNodeExecutable, nodeExecutableRegistry } from "@atomiton/nodes/executables";
import { loadModule } from "../cli/load-module.js";
import { firstOf, isDefinedNode, ownNodes } from "../engine/own-nodes.js";
import { endWith } from "../isolation/lifeline.js";
import { serveExecution } from "../isolation/serve-execution.js";

/** The pipe to the server. */
const PIPE = 3;

/** The one that ends with the server. */
const LIFELINE = 4;

endWith(LIFELINE);
serveExecution(new Socket({ fd: PIPE, readable: true, writable: true }), {
  threadModule: fileURLToPath(new URL("isolated-thread.cjs", import.meta.url)),
  warm: () => Promise.all([execute("edit-fields", { values: {} }), execute("code", { code: "return 0" })]),
  async executables(modules) {
    const found = await Promise.all(modules.map((address) => loadModule(fileURLToPath(address))));
    const nodes = found.flatMap((exports) => Object.values(exports).flat().filter(isDefinedNode));
    const own = ownNodes([...new Set(nodes)], nodeExecutableRegistry.keys());
    return firstOf(own.factory, { getNodeExecutable }) as { getNodeExecutable: typeof getNodeExecutable };
  },
});

/** Loads a type of the library by carrying it out. */
async function execute(type: string, parameters: Record<string, unknown>): Promise<unknown> {
  return getNodeExecutable(type)?.execute(parameters);
}
