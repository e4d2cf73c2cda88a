import { requirePeer } from "../peers.mjs";

/** There once DBOS runs in this process, which it does once. */
let launched;

/** DBOS Transact: a workflow whose steps each write their output to PostgreSQL. */
export const dbos = {
  name: "dbos",
  async prepareDurable({ steps, runs = 1, url }) {
    launched ??= launch(url);
    const { DBOS, workflow } = await launched;
    return async () => {
      const start = () => DBOS.startWorkflow(workflow)(steps);
      const handles = await Promise.all(Array.from({ length: runs }, start));
      const results = await Promise.all(handles.map((handle) => handle.getResult()));
      if (results.some((result) => result !== 1)) throw new Error("a workflow did not give its result");
    };
  },
};

async function launch(url) {
  const { DBOS } = requirePeer("@dbos-inc/dbos-sdk");
  DBOS.setConfig({ name: "bench", systemDatabaseUrl: url, logLevel: "error", runAdminServer: false });
  const workflow = DBOS.registerWorkflow(
    async (steps) => {
      let last = 0;
      for (let at = 0; at < steps; at++) last = await DBOS.runStep(async () => 1, { name: `step-${at}` });
      return last;
    },
    { name: "chain" },
  );
  await DBOS.launch();
  return { DBOS, workflow };
}
