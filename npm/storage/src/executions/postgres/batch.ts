/** The one statement that writes a batch of changes. */
import { createHash } from "node:crypto";

import type { ChangeSum } from "../changes.js";
import type { NewExecution } from "../store.js";

/** An execution that a store object owns, as the database has it. */
export interface Owned {
  /** In the table of executions. */
  key: string;
  epoch: number;
  sequence: number;
}

/** Changes of an execution; `before` is missing where they begin it. */
export interface BatchEntry {
  id: string;
  before: Owned | undefined;
  sum: ChangeSum;
}

/** A statement with its values. */
export interface Statement {
  name: string;
  text: string;
  values: unknown[];
}

/** The bits of fields that an update names. */
const FIELDS = ["updatedAt", "status", "endedAt", "wakeAt", "reason", "error", "summary"] as const;
const RELEASE = 1 << FIELDS.length;

/**
 * The statement of a batch: it writes all of it, or fails with a division by zero where an execution does not stand as `before`
 * says, and with an exclusion violation where one that begins exists. It answers with `begun`: pairs of id and key.
 *
 * Rows come as arrays, and all bytes as one value with their offsets, so that the text is the same for batches of every size and
 * the server prepares it once.
 */
export function batchStatement(
  schema: string,
  owner: string,
  batch: number,
  entries: readonly BatchEntry[],
): Statement {
  const single = singleRecordStatement(schema, owner, batch, entries);
  if (single !== undefined) return single;
  const begins = entries.filter(({ before }) => before === undefined);
  const known = entries.filter(({ before }) => before !== undefined);
  const changed = known.filter(({ sum }) => Object.keys(sum.update).length > 0 || !sum.standing.isOwned);
  const advanced = known.filter((entry) => !changed.includes(entry));
  const records = entries.flatMap((entry) => entry.sum.records.map((record) => ({ ...entry, record })));
  const blobs = new Map(entries.flatMap(({ sum }) => sum.blobs.map((blob) => [blob.hash, blob] as const)));
  const uses = entries.flatMap((entry) =>
    [...new Set(entry.sum.blobs.map(({ hash }) => hash))].map((hash) => ({ ...entry, hash })),
  );

  const data = new Bytes();
  const values: unknown[] = [owner, batch, undefined, known.length + 1];
  const parts: string[] = [];
  let name = "conductor";
  /** A set of rows, of which each column is one value of the statement. */
  const rows = <T>(
    of: readonly T[],
    columns: readonly (readonly [name: string, type: string, value: (row: T) => unknown])[],
  ) => {
    const arrays = columns.map(([, type, value]) => {
      values.push(of.map(value));
      return `$${values.length}::${type}[]`;
    });
    return `unnest(${arrays.join(", ")}) as c(${columns.map(([column]) => column).join(", ")})`;
  };
  const part = (letter: string, text: string): void => {
    name += letter;
    parts.push(text);
  };
  const bytes = (column: string) => `substring($3::bytea from c.${column}_at + 1 for c.${column}_length)`;
  const keyed = <T extends BatchEntry>() =>
    [
      ["key", "bigint", ({ before }: T) => before?.key ?? null],
      ["id", "text", ({ before, id }: T) => (before === undefined ? id : null)],
    ] as const;
  const key = begins.length === 0 ? "c.key" : "coalesce(c.key, b.key)";
  const joined = begins.length === 0 ? "" : "left join begun b on b.id = c.id";

  if (begins.length > 0) {
    const documents = new Map(begins.map(({ sum }) => [begunOf(sum).documentHash, begunOf(sum).document]));
    const sorted = [...documents].sort(([first], [second]) => (first < second ? -1 : 1));
    part(
      "d",
      `documents as (insert into ${schema}.documents (hash, content) select c.hash, c.content
        from ${rows(sorted, [
          ["hash", "text", ([hash]) => hash],
          ["content", "text", ([, content]) => content],
        ])} on conflict (hash) do nothing)`,
    );
    const heads = begins.map((entry) => ({
      ...entry,
      begun: begunOf(entry.sum),
      at: data.add(begunOf(entry.sum).head),
    }));
    part(
      "b",
      `begun as (insert into ${schema}.executions (id, flow_id, name, document_hash, head, parent_id, trigger, tags, tag_keys,
          started_at, status, owner, epoch, sequence, bytes, updated_at, ended_at, wake_at, reason, error, summary)
        select c.id, c.flow_id, c.name, c.document_hash, ${bytes("head")}, c.parent_id, c.trigger,
          array(select jsonb_array_elements_text(c.tags::jsonb)), array(select jsonb_array_elements_text(c.tag_keys::jsonb)),
          c.started_at, c.status, case when c.is_owned then $1::bigint end, 1, c.sequence, c.bytes, c.updated_at, c.ended_at,
          c.wake_at, c.reason, c.error, c.summary
        from ${rows(heads, [
          ["id", "text", ({ id }) => id],
          ["flow_id", "text", ({ begun }) => begun.flowId],
          ["name", "text", ({ begun }) => begun.name],
          ["document_hash", "text", ({ begun }) => begun.documentHash],
          ["head_at", "int", ({ at }) => at],
          ["head_length", "int", ({ begun }) => begun.head.length],
          ["parent_id", "text", ({ begun }) => begun.parentId ?? null],
          ["trigger", "text", ({ begun }) => begun.trigger],
          ["tags", "text", ({ begun }) => JSON.stringify(begun.tags)],
          ["tag_keys", "text", ({ begun }) => JSON.stringify(begun.tags.map(tagKey))],
          ["started_at", "float8", ({ begun }) => begun.startedAt],
          ["status", "text", ({ sum }) => sum.update.status ?? "running"],
          ["is_owned", "boolean", ({ sum }) => sum.standing.isOwned],
          ["sequence", "bigint", ({ sum }) => sum.standing.sequence],
          ["bytes", "bigint", ({ sum }) => sum.bytes],
          ["updated_at", "float8", ({ sum, begun }) => sum.update.updatedAt ?? begun.startedAt],
          ["ended_at", "float8", ({ sum }) => sum.update.endedAt ?? null],
          ["wake_at", "float8", ({ sum }) => sum.update.wakeAt ?? null],
          ["reason", "text", ({ sum }) => sum.update.reason ?? null],
          ["error", "text", ({ sum }) => sum.update.error ?? null],
          ["summary", "text", ({ sum }) => sum.update.summary ?? null],
        ])} returning id, key)`,
    );
  }

  /** How an execution stands before the changes, and what all changes change. */
  const standing = [
    ["key", "bigint", ({ before }: BatchEntry) => before?.key],
    ["epoch", "bigint", ({ before }: BatchEntry) => before?.epoch],
    ["before", "bigint", ({ before }: BatchEntry) => before?.sequence],
    ["sequence", "bigint", ({ sum }: BatchEntry) => sum.standing.sequence],
    ["grows", "bigint", ({ sum }: BatchEntry) => sum.bytes],
  ] as const;
  // Rows are found by their keys. With a plain comparison, the plan would join all rows of the owner with all changes.
  const asBefore =
    "e.key = c.key and coalesce(e.owner, 0) = $1::bigint and e.epoch = c.epoch and e.sequence = c.before";
  const counts: string[] = [];
  if (advanced.length > 0) {
    part(
      "a",
      `advanced as (update ${schema}.executions e set sequence = c.sequence, bytes = e.bytes + c.grows
        from ${rows(advanced, standing)} where ${asBefore} returning 1)`,
    );
    counts.push("(select count(*) from advanced)");
  }
  if (changed.length > 0) {
    const set = (field: (typeof FIELDS)[number], column: string) =>
      `${column} = case when c.fields & ${1 << FIELDS.indexOf(field)} > 0 then c.${column} else e.${column} end`;
    part(
      "u",
      `changed as (update ${schema}.executions e set sequence = c.sequence, bytes = e.bytes + c.grows,
          ${set("updatedAt", "updated_at")}, ${set("status", "status")}, ${set("endedAt", "ended_at")},
          ${set("wakeAt", "wake_at")}, ${set("reason", "reason")}, ${set("error", "error")}, ${set("summary", "summary")},
          owner = case when c.fields & ${RELEASE} > 0 then null else e.owner end
        from ${rows(changed, [
          ...standing,
          ["fields", "int", ({ sum }) => fieldsOf(sum)],
          ["updated_at", "float8", ({ sum }) => sum.update.updatedAt ?? null],
          ["status", "text", ({ sum }) => sum.update.status ?? null],
          ["ended_at", "float8", ({ sum }) => sum.update.endedAt ?? null],
          ["wake_at", "float8", ({ sum }) => sum.update.wakeAt ?? null],
          ["reason", "text", ({ sum }) => sum.update.reason ?? null],
          ["error", "text", ({ sum }) => sum.update.error ?? null],
          ["summary", "text", ({ sum }) => sum.update.summary ?? null],
        ])} where ${asBefore} returning 1)`,
    );
    counts.push("(select count(*) from changed)");
  }
  if (records.length > 0) {
    const placed = records.map((entry) => ({
      ...entry,
      journalAt: data.add(entry.record.journal),
      contentAt: data.add(entry.record.values),
    }));
    part(
      "r",
      `records as (insert into ${schema}.records (execution, sequence, epoch, journal, content)
        select ${key}, c.sequence, c.epoch, ${bytes("journal")}, ${bytes("content")}
        from ${rows(placed, [
          ...keyed<(typeof placed)[number]>(),
          ["sequence", "bigint", ({ record }) => record.sequence],
          ["epoch", "bigint", ({ record }) => record.epoch],
          ["journal_at", "int", ({ journalAt }) => journalAt],
          ["journal_length", "int", ({ record }) => record.journal.length],
          ["content_at", "int", ({ contentAt }) => contentAt],
          ["content_length", "int", ({ record }) => record.values.length],
        ])} ${joined})`,
    );
  }
  if (blobs.size > 0) {
    const sorted = [...blobs.values()].sort((first, second) => (first.hash < second.hash ? -1 : 1));
    const placed = sorted.map((blob) => ({ ...blob, at: data.add(blob.data) }));
    part(
      "l",
      `blobs as (insert into ${schema}.blobs (hash, data) select c.hash, ${bytes("data")}
        from ${rows(placed, [
          ["hash", "text", ({ hash }) => hash],
          ["data_at", "int", ({ at }) => at],
          ["data_length", "int", (blob) => blob.data.length],
        ])} on conflict (hash) do nothing),
      uses as (insert into ${schema}.uses (execution, hash) select ${key}, c.hash
        from ${rows(uses, [...keyed<(typeof uses)[number]>(), ["hash", "text", ({ hash }) => hash]])} ${joined}
        on conflict (execution, hash) do nothing)`,
    );
  }
  part(
    "",
    `owned as (update ${schema}.owners set batch = $2::bigint, written_at = now() where id = $1::bigint returning 1)`,
  );
  counts.push("(select count(*) from owned)");
  values[2] = data.joined();
  const begun = begins.length === 0 ? "" : ", (select json_agg(json_build_array(id, key::text)) from begun) as begun";
  return {
    name,
    text: `with ${parts.join(",\n")}
      select 1 / (case when ${counts.join(" + ")} = $4::bigint and octet_length($3::bytea) >= 0 then 1 else 0 end)${begun}`,
    values,
  };
}

/**
 * The statement of a batch that is one record without blobs, as those of an execution on its own mostly are; `undefined` for any other.
 * It does the same without lists, which the server takes a few times as long for.
 */
function singleRecordStatement(
  schema: string,
  owner: string,
  batch: number,
  [entry, ...others]: readonly BatchEntry[],
): Statement | undefined {
  if (entry?.before === undefined || others.length > 0) return undefined;
  const { before, sum } = entry;
  const [record, ...further] = sum.records;
  if (record === undefined || further.length > 0 || sum.blobs.length > 0) return undefined;
  if (Object.keys(sum.update).length > 0 || !sum.standing.isOwned) return undefined;
  return {
    name: "conductor-record",
    text: `with advanced as (update ${schema}.executions e set sequence = $6::bigint, bytes = e.bytes + $7::bigint
        where e.key = $3::bigint and coalesce(e.owner, 0) = $1::bigint and e.epoch = $4::bigint and e.sequence = $5::bigint returning 1),
      records as (insert into ${schema}.records (execution, sequence, epoch, journal, content)
        values ($3::bigint, $6::bigint, $4::bigint, $8::bytea, $9::bytea)),
      owned as (update ${schema}.owners set batch = $2::bigint, written_at = now() where id = $1::bigint returning 1)
      select 1 / (case when (select count(*) from advanced) + (select count(*) from owned) = 2 then 1 else 0 end)`,
    values: [
      owner,
      batch,
      before.key,
      before.epoch,
      before.sequence,
      record.sequence,
      sum.bytes,
      record.journal,
      record.values,
    ],
  };
}

/** A tag as an index keeps it. */
export function tagKey(tag: string): string {
  return createHash("sha256").update(tag).digest("hex").slice(0, 16);
}

/** Bytes one after the other. */
class Bytes {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  /** The offset at which they are. */
  add(bytes: Uint8Array): number {
    const offset = this.#length;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return offset;
  }

  joined(): Buffer {
    return Buffer.concat(this.#parts, this.#length);
  }
}

function begunOf({ begin }: ChangeSum): NewExecution {
  return begin as NewExecution;
}

function fieldsOf({ update, standing }: ChangeSum): number {
  let fields = standing.isOwned ? 0 : RELEASE;
  for (const [bit, field] of FIELDS.entries()) if (update[field] !== undefined) fields |= 1 << bit;
  return fields;
}
