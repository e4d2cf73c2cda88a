import type { FlowOutline, StorageItem } from "../engine.js";
import { isPlainObject, type Plain, type PlainObject } from "./plain.js";

/** The value with the times of a save in its `metadata`, if it is a flow: it has text as `id`, `name` and `version`. */
export function stamped(value: Plain, before: Plain | undefined, metadata: PlainObject, now: string): Plain {
  if (!isPlainObject(value) || !["id", "name", "version"].every((key) => typeof value[key] === "string")) return value;
  const own = metadataOf(value);
  const created = own["created"] ?? metadataOf(before)["created"] ?? now;
  return { ...value, metadata: { ...own, updated: now, created, ...metadata } };
}

/** How a list shows a value. `times` (ISO) stand in for those that it does not tell itself. */
export function storageItem(
  key: string,
  value: Plain,
  size: number,
  times: { created: string; updated: string },
): StorageItem {
  const flow = isPlainObject(value) ? value : {};
  const metadata: Record<string, unknown> = { ...metadataOf(value) };
  for (const field of ["version", "description"]) if (flow[field] !== undefined) metadata[field] = flow[field];
  const { name } = flow;
  return {
    key,
    name: typeof name === "string" && name !== "" ? name : (key.split("/").at(-1) ?? key),
    size,
    created: isoTime(metadata["created"]) ?? times.created,
    updated: isoTime(metadata["updated"]) ?? times.updated,
    metadata,
  };
}

const OUTLINE = ["id", "type", "name", "description", "version", "tags", "savedAt", "updatedAt", "deleted"] as const;

/** A flow without its contents; nothing for what has no list of nodes. */
export function outlineOf(value: Plain): FlowOutline | undefined {
  const nodes = isPlainObject(value) ? value["nodes"] : undefined;
  if (!Array.isArray(nodes)) return undefined;
  const outline: FlowOutline = { nodeCount: nodes.length };
  for (const field of OUTLINE)
    if (Object.hasOwn(value as PlainObject, field)) outline[field] = (value as PlainObject)[field];
  return outline;
}

/** Last updated first; of the same time, by key. */
export function byUpdate(one: StorageItem, other: StorageItem): number {
  return Date.parse(other.updated) - Date.parse(one.updated) || (one.key < other.key ? -1 : 1);
}

function metadataOf(value: Plain | undefined): PlainObject {
  const metadata = isPlainObject(value) ? value["metadata"] : undefined;
  return isPlainObject(metadata) ? metadata : {};
}

function isoTime(value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  const time = new Date(value);
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
