/** Lists of executions in PostgreSQL. */
import { asciiLower, positionOf, statusesOf } from "../listing.js";
import type { ExecutionFilter } from "../store.js";
import { tagKey } from "./batch.js";
import { ROW_COLUMNS } from "./rows.js";

/** Statuses, as a statement compares them. */
export const FINISHED_LIST = "array['completed', 'failed', 'cancelled']";

/** The statement for `limit` rows after a cursor, each with its `key`. */
export function listStatement(
  schema: string,
  filter: ExecutionFilter,
  limit: number,
  cursor: string | undefined,
): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const value = (given: unknown): string => `$${values.push(given)}`;
  const conditions: string[] = [];
  const { flowId, parentId, tags, from, to, endedFrom, text } = filter;
  if (flowId !== undefined) conditions.push(same("flow_id", value(flowId)));
  if (parentId !== undefined) conditions.push(same("parent_id", value(parentId)));
  const statuses = statusesOf(filter);
  if (statuses !== undefined) {
    // One status is compared by itself, so that its index gives rows in the order of the list.
    const [only] = statuses;
    conditions.push(
      statuses.length === 1 ? `status = ${value(only)}::text` : `status = any(${value(statuses)}::text[])`,
    );
  }
  if (tags !== undefined && tags.length > 0) {
    conditions.push(`tag_keys @> ${value(tags.map(tagKey))}::text[]`, `tags @> ${value(tags)}::text[]`);
  }
  if (from !== undefined) conditions.push(`started_at >= ${value(from)}::float8`);
  if (to !== undefined) conditions.push(`started_at < ${value(to)}::float8`);
  if (endedFrom !== undefined) conditions.push(`ended_at >= ${value(endedFrom)}::float8`);
  if (text !== undefined && text !== "") {
    const wanted = value(asciiLower(text));
    const found = ["id", "flow_id", "name", "error"].map((column) => `strpos(lower(${column}), ${wanted}::text) > 0`);
    conditions.push(`(${found.join(" or ")})`);
  }
  if (cursor !== undefined) {
    const { startedAt, place } = positionOf(cursor);
    conditions.push(`(started_at, key) < (${value(startedAt)}::float8, ${value(place)}::bigint)`);
  }
  return {
    text: `select key::float8 as key, ${ROW_COLUMNS} from ${schema}.executions
      ${conditions.length === 0 ? "" : `where ${conditions.join(" and ")}`}
      order by started_at desc, key desc limit ${value(limit)}::int`,
    values,
  };
}

function same(column: string, value: string): string {
  return `md5(${column}) = md5(${value}::text) and ${column} = ${value}::text`;
}
