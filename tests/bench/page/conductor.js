import { createConductor } from "@atomiton/conductor/browser";

/** The engine, in a page. */
export function prepare(flow, execute) {
  const executable = { execute };
  const engine = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => executable } });
  return async () => {
    const result = await engine.node.run(flow);
    if (!result.success) throw new Error(`${result.error.code}: ${result.error.message}`);
  };
}
