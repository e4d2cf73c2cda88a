import { byUpdate, outlineOf, stamped, storageItem } from "../../data/flow.js";
import { isPlainObject, LIMITS, type Plain, type PlainObject } from "../../data/plain.js";
import { checkKey, checkPrefix, writable, writableMetadata } from "../../data/refusal.js";
import type { StorageInfo, StorageItem } from "../../engine.js";
import { StorageError } from "../../error.js";
import { listLimit, unwritableText } from "../checks.js";
import type { FlowTable, FoundVersion, SaveOutcome } from "./flow-table.js";
import type { FlowSaveOptions, FlowStorage, FlowVersion } from "./versions.js";

/** Bytes of a key in UTF-8: what an index of every database takes. */
const KEY_BYTES = 2000;
/** Versions that one step of `prune` removes. */
const PRUNED_AT_ONCE = 200;

/** The flows of a store, by its tables. `name` is the store's, for messages. */
export function flowStorage(name: string, type: StorageInfo["type"], table: FlowTable): FlowStorage {
  const notFound = (key: unknown, operation: string, version?: number): StorageError => {
    const message = version === undefined ? `Data not found: ${key}` : `Version ${version} not found: ${key}`;
    return new StorageError(message, "NOT_FOUND", { context: { key: String(key), operation } });
  };
  const find = async (key: string, operation: string, version?: number): Promise<FoundVersion | undefined> => {
    if (version !== undefined) checkVersion(version, 1, "version", operation);
    if (unusableKey(key) !== undefined) return undefined;
    const found = await table.find(key, version);
    return version === undefined && isDeleted(found) ? undefined : found;
  };
  const save = async (key: string, data: unknown, options: FlowSaveOptions = {}): Promise<FlowVersion> => {
    demandKey(key);
    const { ifVersion } = options;
    if (ifVersion !== undefined) checkVersion(ifVersion, 0, "ifVersion", "save");
    const at = Date.now();
    const now = new Date(at).toISOString();
    const value = writable(data, key);
    const metadata = writableMetadata(options.metadata, key);
    const before = await find(key, "save");
    const earlier = before && (JSON.parse(before.item) as StorageItem);
    const stamps = earlier && { metadata: earlier.metadata as PlainObject };
    const flow = stamped(value, stamps, metadata, now);
    const document = JSON.stringify(flow);
    const outline = outlineOf(flow);
    const item: StorageItem = {
      ...storageItem(key, flow, document.length, { created: earlier?.created ?? now, updated: now }),
      ...(outline !== undefined && { outline }),
    };
    const [hash, documentHash] = await Promise.all([sha256(contentOf(flow)), sha256(document)]);
    const outcome = await table.save({
      id: key,
      hash,
      document,
      documentHash,
      item: JSON.stringify(item),
      at,
      ...(ifVersion !== undefined && { ifVersion }),
    });
    if (outcome.isRefused) throw conflict(name, key, ifVersion as number, outcome);
    return { version: outcome.version, savedAt: isoOf(outcome.savedAt ?? at), hash };
  };

  return {
    save: save as FlowStorage["save"],
    async load<T>(key: string, version?: number) {
      const found = await find(key, "load", version);
      if (found === undefined) throw notFound(key, "load", version);
      return JSON.parse(found.document) as T;
    },
    async find(key, version) {
      const found = await find(key, "find", version);
      if (found === undefined) return undefined;
      return {
        version: found.version,
        savedAt: isoOf(found.savedAt),
        hash: found.hash,
        value: JSON.parse(found.document),
      };
    },
    async list(prefix = "") {
      checkPrefix(prefix);
      if (unusableKey(prefix) !== undefined) return [];
      return ((await table.list(prefix)) as StorageItem[]).sort(byUpdate);
    },
    async delete(key) {
      const removed = unusableKey(key) === undefined ? await table.remove(key, Date.now()) : undefined;
      if (removed === undefined) throw notFound(key, "delete");
    },
    exists: async (key) => (await find(key, "exists")) !== undefined,
    async history(key, { limit, before } = {}) {
      const most = listLimit(limit, "versions");
      if (before !== undefined) checkVersion(before, 1, "before", "history");
      const found = unusableKey(key) === undefined ? await table.history(key, most + 1, before) : undefined;
      if (found === undefined) throw notFound(key, "history");
      const versions = found.versions.slice(0, most);
      const last = versions.at(-1);
      return {
        versions: versions.map(({ version, hash, savedAt }) => ({ version, savedAt: isoOf(savedAt), hash })),
        ...(found.versions.length > most && last && { next: last.version }),
        ...(isDeleted(found) && { deletedAt: isoOf(found.deletedAt as number) }),
      };
    },
    async restore(key, version, { ifVersion } = {}) {
      const found = await find(key, "restore", version);
      if (found === undefined) throw notFound(key, "restore", version);
      return save(key, JSON.parse(found.document), ifVersion === undefined ? {} : { ifVersion });
    },
    async prune({ deletedBefore, keepVersions }) {
      if (keepVersions !== undefined) checkVersion(keepVersions, 1, "keepVersions", "prune");
      const rule = {
        ...(deletedBefore !== undefined && { deletedBefore }),
        ...(keepVersions !== undefined && { keepVersions }),
      };
      let count = 0;
      for (;;) {
        const removed = await table.prune(rule, PRUNED_AT_ONCE);
        count += removed;
        if (removed < PRUNED_AT_ONCE) return count;
      }
    },
    getInfo: () => ({
      type,
      platform: type === "indexeddb" ? "browser" : "desktop",
      connected: true,
      limits: { maxSize: LIMITS.bytes, maxDepth: LIMITS.depth },
    }),
  };
}

function conflict(name: string, key: string, expected: number, { version, savedAt }: SaveOutcome): StorageError {
  const current =
    version === 0
      ? "there is no such flow now"
      : `its version is ${version} now${savedAt == null ? "" : `, saved at ${isoOf(savedAt)}`}`;
  const base = expected === 0 ? "as a new one" : `on top of version ${expected}`;
  const advice =
    version === 0
      ? "save it with ifVersion: 0 to make it anew"
      : `load it, take over what changed, and save with ifVersion: ${version}`;
  return new StorageError(
    `The flow ${JSON.stringify(key)} was not saved in ${name}: it was to be saved ${base}, but ${current}; ${advice}`,
    "VERSION_CONFLICT",
    { context: { key, operation: "save" } },
  );
}

function isDeleted(found: { deletedAt?: number | null } | undefined): boolean {
  return found?.deletedAt != null;
}

/** The content as text that is the same for the same content, whatever the order of keys and the times of saves. */
function contentOf(value: Plain): string {
  return JSON.stringify(sorted(withoutTimes(value)));
}

function withoutTimes(value: Plain): Plain {
  if (!isPlainObject(value)) return value;
  const { savedAt: _, updatedAt: __, ...content } = value;
  const { metadata } = content;
  if (metadata === undefined || !isPlainObject(metadata)) return content;
  const { created: ___, updated: ____, ...facts } = metadata;
  return { ...content, metadata: facts };
}

function sorted(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isPlainObject(value)) return value;
  // As pairs: an object would put keys that are numbers first, and take `__proto__` for its prototype.
  const keys = Object.keys(value).sort();
  return keys.flatMap((key) => [key, sorted(value[key] as Plain)]).concat([{}]);
}

async function sha256(text: string): Promise<string> {
  const { subtle } = globalThis.crypto;
  if (subtle === undefined) {
    throw new StorageError(
      "This page has no Web Crypto, by which versions of flows are told apart; serve it by HTTPS or from localhost",
      "UNSUPPORTED_OPERATION",
      { context: { operation: "save" } },
    );
  }
  const digest = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a database cannot take in a key. Nothing is stored under such a one. */
function unusableKey(key: unknown): string | undefined {
  if (typeof key !== "string") return "is no text";
  const found = unwritableText(key);
  if (found !== undefined) return `contains ${found}`;
  return new TextEncoder().encode(key).length > KEY_BYTES ? `has more than ${KEY_BYTES} bytes` : undefined;
}

function demandKey(key: unknown): void {
  checkKey(key);
  const problem = unusableKey(key);
  if (problem === undefined) return;
  throw new StorageError(
    `The key ${JSON.stringify(key.slice(0, 100))} ${problem}; choose another one`,
    "UNSUPPORTED_OPERATION",
    { context: { key, operation: "save" } },
  );
}

function checkVersion(value: unknown, least: number, name: string, operation: string): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return;
  throw new StorageError(
    `\`${name}\` is ${String(value)}; give a whole number from ${least}`,
    "UNSUPPORTED_OPERATION",
    { context: { operation } },
  );
}

function isoOf(time: number): string {
  return new Date(time).toISOString();
}
