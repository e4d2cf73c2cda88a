import { setTimeout as pause } from "node:timers/promises";
import type { Client, ClientConfig } from "pg";

import { isDisconnection } from "./failure.js";
import { END_EARLIER, LIVING } from "./ownership.js";
import type { Pg } from "./package.js";

/** Pauses between attempts to reach a server, in ms: the first, and the longest. */
const BACKOFF = { first: 50, longest: 2000 };

/**
 * Settings of the connection that writes. Its statements have plans that never read a table from end to end, so the plans are
 * made once; and a machine that is gone without a word loses its lock in a minute.
 */
const SETTINGS = `
  set plan_cache_mode = force_generic_plan; set jit = off; set enable_seqscan = off;
  set statement_timeout = 0; set lock_timeout = 0; set idle_session_timeout = 0;
  set default_transaction_isolation = 'read committed';
  set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3;
  select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') = 'off'`;

/** Connects once. `onEnd` is called when the connection is gone. */
export async function connect(pg: Pg, config: ClientConfig, onEnd: (client: Client) => void): Promise<Client> {
  const client = new pg.Client(config);
  // Statements tell of failures; this is for those that come in between.
  client.on("error", () => {});
  client.once("end", () => onEnd(client));
  await client.connect();
  return client;
}

/** Makes a connection the one that an owner writes by: it holds the owner's lock from then on. */
export async function takeLock(client: Client, schema: string, owner: string): Promise<void> {
  await client.query(SETTINGS);
  await client.query(END_EARLIER, [owner]);
  // Waits for the earlier connection to end, and with it for the outcome of what it was doing; and for claims that are under way.
  await client.query("select pg_advisory_lock($1::bigint)", [owner]);
  await client.query(
    `insert into ${schema}.owners (id, batch, written_at) values ($1::bigint, 0, now()) on conflict (id) do nothing`,
    [owner],
  );
  // The rows of those that are gone: a day is far more than the time for which one is looked for after a lost connection.
  await client.query(
    `delete from ${schema}.owners where written_at < now() - interval '1 day' and id <> all(array(${LIVING}))`,
  );
}

/**
 * Does work that needs a connection, again and again while there is no connection, for `patience` ms.
 *
 * @throws what the last attempt failed with
 */
export async function untilConnected<T>(patience: number, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + patience;
  for (let wait = BACKOFF.first; ; wait = Math.min(2 * wait, BACKOFF.longest)) {
    try {
      return await work();
    } catch (error) {
      const left = end - performance.now();
      if (!isDisconnection(error) || left <= 0) throw error;
      await pause(Math.min(wait, left));
    }
  }
}
