/** Which store objects are alive: each holds an advisory lock of its own as long as the connection that it writes by. */
import { randomBytes } from "node:crypto";

/** Ids of the owners that hold their lock in this database. A lock of 64 bits is shown as two halves. */
export const LIVING = `select (classid::bigint << 32) | objid::bigint from pg_locks
  where locktype = 'advisory' and objsubid = 1 and mode = 'ExclusiveLock' and granted
    and database = (select oid from pg_database where datname = current_database())`;

/** A number that no other store object has: 62 random bits. */
export function newOwner(): string {
  return (randomBytes(8).readBigUInt64BE() >> 2n).toString();
}

/**
 * Ends the connection that holds the lock of an owner ($1), if it is not this one: one of the same store object that was cut,
 * which the server may take for open for minutes.
 */
export const END_EARLIER = `select pg_terminate_backend(pid) from pg_locks
  where locktype = 'advisory' and objsubid = 1 and mode = 'ExclusiveLock' and granted and pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32) | objid::bigint = $1::bigint`;

/**
 * Makes an owner ($1) that of executions ($2) whose owner is gone. While it looks, it holds the lock of the earlier owner in
 * shared mode: others can look too, and the earlier owner cannot come back in between.
 */
export function claimStatement(schema: string, columns: string): string {
  return `with counted as (update ${schema}.owners set batch = $3::bigint, written_at = now() where id = $1::bigint)
    update ${schema}.executions e set owner = $1::bigint, epoch = epoch + 1
    where id = any($2::text[]) and status <> all(array['completed', 'failed', 'cancelled'])
      and (owner is null or (owner <> $1::bigint and pg_try_advisory_xact_lock_shared(owner)))
    returning key::text as key, ${columns}`;
}
