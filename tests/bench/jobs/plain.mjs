import { requirePeer } from "../peers.mjs";
import { JOBS } from "./index.mjs";

/** Jobs in plain JavaScript: a promise for each step, which waits for those before it. */
export const plain = {
  name: "plain",

  prepareJob({ kind, ...params }) {
    const { nodes, edges } = JOBS[kind]({ ...params, ...database(params) });
    const sources = new Map(nodes.map(({ id }) => [id, []]));
    for (const { source, target } of edges) sources.get(target).push(source);
    return async () => {
      const results = new Map();
      for (const { id, perform } of nodes) {
        const inputs = Promise.all(sources.get(id).map((source) => results.get(source)));
        results.set(id, inputs.then(perform));
      }
      const settled = await Promise.allSettled(results.values());
      const failed = settled.find(({ status }) => status === "rejected");
      if ((failed !== undefined) !== (kind === "failing")) throw failed?.reason ?? new Error("the job did not fail");
    };
  },
};

/** Puts rows into the table `items` of a file of SQLite, all in one transaction. */
export function database({ file }) {
  if (file === undefined) return {};
  const Database = requirePeer("libsql");
  const connection = new Database(file);
  const statement = connection.prepare("insert into items (id, name, price) values (?, ?, ?)");
  const insert = connection.transaction((rows) => {
    for (const { id, name, price } of rows) statement.run(id, name, price);
  });
  return {
    insert(rows) {
      insert(rows);
      return rows;
    },
  };
}
