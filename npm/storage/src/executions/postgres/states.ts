/** States that programs keep of executions by hand, in PostgreSQL. */
import type { PoolClient } from "pg";

import type { KeptState, StateChange, StateStorage } from "../states.js";
import type { FlowDatabase } from "./flows.js";

export function postgresStates({ schema, read, transact }: FlowDatabase): StateStorage {
  const states = `${schema}.states`;
  /** Each statement looks at the row that it has locked, so that of two that replace the same state the second is refused. */
  const isWritten = async (client: PoolClient, { id, state, ifHash }: StateChange): Promise<boolean> => {
    if (state === undefined) {
      const isAny = "($2::text is null or hash = $2::text)";
      await client.query(`delete from ${states} where id = $1 and ${isAny}`, [id, ifHash ?? null]);
      const { rowCount } = await client.query(`select from ${states} where id = $1`, [id]);
      return rowCount === 0;
    }
    const values = [id, state.hash, state.content, ifHash ?? null];
    // What is there already is the same change again, whose answer was lost.
    const { rowCount } = await client.query(
      ifHash === undefined || ifHash === ""
        ? `insert into ${states} as s values ($1, $2, $3) on conflict (id) do update
            set hash = excluded.hash, content = excluded.content where $4::text is null or s.hash = excluded.hash`
        : `update ${states} set hash = $2, content = $3 where id = $1 and hash in ($2, $4)`,
      values,
    );
    return rowCount === 1;
  };
  return {
    async ids() {
      const rows = await read<{ id: string }>("list states", `select id from ${states}`, []);
      return rows.map(({ id }) => id);
    },
    async get(id) {
      const sql = `select hash, content from ${states} where id = $1::text`;
      const [row] = await read<KeptState>("read a state", sql, [id]);
      return row;
    },
    write: (changes) =>
      transact("write states", async (client) => {
        const refused: string[] = [];
        for (const change of changes) if (!(await isWritten(client, change))) refused.push(change.id);
        return refused;
      }),
  };
}
