/** What a database takes for itself: one commit a step, by the same client, without an execution. */
import { join } from "node:path";
import { loadAddon } from "@atomiton/conductor-native";

const CONTENT = Buffer.alloc(100, 1);
const CREATE = `create table if not exists records (execution bigint, sequence bigint, epoch bigint, journal bytea, content bytea,
  primary key (execution, sequence))`;

/** Commits of one row each by the SQLite of the addon, `synchronous = full`, all of a run in one call. */
export const rawSqlite = {
  name: "raw commits",
  async prepareDurable({ steps, folder }) {
    const { SqliteDatabase, CancelToken } = loadAddon();
    const database = new SqliteDatabase(new CancelToken());
    const create = CREATE.replaceAll("bytea", "blob").replace(/\)$/, ") without rowid");
    await database.open({ path: join(folder, "raw.db"), mayChange: true, createFor: create, memory: 1e9, wait: 1000 });
    const run = async (statements, runs) => {
      const options = { kind: "own", mostRows: 10, mostBytes: 1e6 };
      const { trouble } = await database.run({ statements, runs: JSON.stringify(runs), ...options });
      if (trouble) throw new Error(trouble.message);
    };
    const settings = ["pragma journal_mode = wal", "pragma synchronous = full", "pragma wal_autocheckpoint = 4000"];
    const all = [...settings, create];
    await run(
      all,
      all.map((_, at) => [at]),
    );
    const row = { bytes: CONTENT.toString("base64") };
    const statements = ["begin immediate", "insert into records values (?, ?, 1, ?, ?)", "commit"];
    let count = 0;
    return () => {
      count++;
      return run(statements, Array.from({ length: steps }, (_, at) => [[0], [1, count, at, row, row], [2]]).flat());
    };
  },
};

/** Inserts of one row each by the package `pg`, one after the other in each of the `runs`, each with a connection of its own. */
export const rawPostgres = {
  name: "raw inserts",
  async prepareDurable({ steps, runs = 1, url }) {
    const { default: pg } = await import("pg");
    const clients = Array.from({ length: runs }, () => new pg.Client({ connectionString: url }));
    await Promise.all(clients.map((client) => client.connect()));
    await clients[0].query("drop table if exists records");
    await clients[0].query(CREATE);
    let count = 0;
    return () =>
      Promise.all(
        clients.map(async (client) => {
          const execution = ++count;
          for (let at = 0; at < steps; at++) {
            const values = [execution, at, 1, CONTENT, CONTENT];
            await client.query({ name: "insert", text: "insert into records values ($1, $2, $3, $4, $5)", values });
          }
        }),
      );
  },
};
