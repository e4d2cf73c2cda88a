import { requirePeer } from "../peers.mjs";

/** DBOS Transact: a workflow whose steps each write their output to PostgreSQL. */
export const dbos = {
  name: "dbos",
  async prepareDurable({ steps, runs = 1, url }) {
    const { DBOS } = requirePeer("@dbos-inc/dbos-sdk");
    DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error", runAdminServer: false });
    const workflow = DBOS.registerWorkflow(
      async () => {
        let last = 0;
        for (let at = 0; at < steps; at++) last = await DBOS.runStep(async () => 1, { name: `step-${at}` });
        return last;
      },
      { name: "chain" },
    );
    await DBOS.launch();
    return async () => {
      const handles = await Promise.all(Array.from({ length: runs }, () => DBOS.startWorkflow(workflow)()));
      const results = await Promise.all(handles.map((handle) => handle.getResult()));
      if (results.some((result) => result !== 1)) throw new Error("a workflow did not give its result");
    };
  },
};
