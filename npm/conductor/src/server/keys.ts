/** Keys that callers sign in with, in a file that holds only their hashes. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { Role } from "../services/declaration.js";
import { type Caller, ROLES } from "./access.js";
import { type Authenticate, tokenOf } from "./calls.js";
import { sha256 } from "./sha256.js";

/** A key, without what it is. */
export interface KeyEntry {
  /** What it was made for; keys of one file have different names. */
  name: string;
  role: Role;
  /** SHA-256 of the key, in base64url. */
  hash: string;
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601; without it the key is good until it is removed. */
  expiresAt?: string;
  /** Ids of the saved flows that it is for; without them it is for all. */
  flows?: readonly string[];
}

/** What a key is good for beside its role. */
export type KeyScope = Pick<KeyEntry, "flows"> & { expiresAt?: Date | undefined };

/** What names a key, so that it is known for one where it is found, such as in a repository. */
const PREFIX = "cond_";

/** How often, and how long after one another, in ms, it is tried to change a file that another process changes. */
const MOST_TRIES = 500;
const TRY_MS = 10;

/** The keys of a file. */
export class KeyFile {
  #read: { at: string; keys: ReadonlyMap<string, KeyEntry> } | undefined;

  constructor(readonly path: string) {}

  /** Throws where the file cannot be read or holds no keys; a missing file is an empty list. */
  list(): KeyEntry[] {
    return [...this.#keys().values()];
  }

  /** Makes a key and keeps its hash; gives the key, which is not told again. Throws where a key has this name. */
  add(name: string, role: Role, { expiresAt, flows }: KeyScope = {}): string {
    return this.#alone(() => {
      const keys = this.list();
      if (keys.some((key) => key.name === name)) {
        throw new Error(`There is a key with the name ${JSON.stringify(name)}`);
      }
      const key = PREFIX + randomBytes(32).toString("base64url");
      const entry: KeyEntry = {
        name,
        role,
        hash: hashOf(key),
        createdAt: new Date().toISOString(),
        ...(expiresAt !== undefined && { expiresAt: expiresAt.toISOString() }),
        ...(flows !== undefined && { flows }),
      };
      this.#write([...keys, entry]);
      return key;
    });
  }

  /** Whether there was a key with this name; it is good no longer. */
  remove(name: string): boolean {
    return this.#alone(() => {
      const keys = this.list();
      const left = keys.filter((key) => key.name !== name);
      if (left.length < keys.length) this.#write(left);
      return left.length < keys.length;
    });
  }

  /** Who has this key, as the file is now; `undefined` for an unknown key and for one that has expired. */
  callerOf(key: string, now = Date.now()): Caller | undefined {
    const found = this.#keys().get(hashOf(key));
    if (found === undefined) return undefined;
    const { name, role, expiresAt, flows } = found;
    if (expiresAt !== undefined && Date.parse(expiresAt) <= now) return undefined;
    return flows === undefined ? { name, role } : { name, role, flows };
  }

  /** By hash. The file is read again when it has become another one, so that a removed key is good no longer at once. */
  #keys(): ReadonlyMap<string, KeyEntry> {
    const facts = statSync(this.path, { bigint: true, throwIfNoEntry: false });
    if (facts === undefined) return new Map();
    const at = `${facts.ino} ${facts.mtimeNs} ${facts.size}`;
    if (this.#read?.at !== at) {
      const keys = entriesIn(readFileSync(this.path, "utf8"), this.path);
      this.#read = { at, keys: new Map(keys.map((key) => [key.hash, key])) };
    }
    return this.#read.keys;
  }

  /** Changes the file while no other process does, so that no key of another one is lost. */
  #alone<T>(change: () => T): T {
    const lock = `${this.path}.lock`;
    takeLock(lock);
    try {
      return change();
    } finally {
      rmSync(lock, { force: true });
    }
  }

  /** Replaced as a whole, and for its owner's eyes only. */
  #write(keys: readonly KeyEntry[]): void {
    const beside = `${this.path}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      // An earlier version would take a key for a few flows as one for all.
      const version = keys.some(({ flows }) => flows !== undefined) ? 2 : 1;
      writeFileSync(beside, `${JSON.stringify({ version, keys }, null, 2)}\n`, {
        mode: 0o600,
        flag: "wx",
        flush: true,
      });
      renameSync(beside, this.path);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  }
}

/** Callers by the keys of a file. */
export function byKeys(file: KeyFile): Authenticate {
  return (request) => {
    const key = tokenOf(request);
    return key === undefined ? undefined : file.callerOf(key);
  };
}

/** Makes a file that must not be there; waits while it is. */
function takeLock(lock: string): void {
  for (let tries = 0; ; tries++) {
    try {
      return writeFileSync(lock, `${process.pid}\n`, { flag: "wx", mode: 0o600 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (tries >= MOST_TRIES) {
        throw new Error(
          `Another process changes the keys, or was killed while it did; if no such process runs, remove ${lock}`,
        );
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
    }
  }
}

function hashOf(key: string): string {
  return sha256(key, "base64url");
}

function entriesIn(text: string, path: string): KeyEntry[] {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no file of keys: it is not JSON`);
  }
  const { version, keys } = (found ?? {}) as { version?: unknown; keys?: unknown };
  if (version !== 1 && version !== 2)
    throw new Error(
      `${path} is no file of keys of this version: it says ${JSON.stringify(version) ?? "none"}, and 1 and 2 are known`,
    );
  if (!Array.isArray(keys) || !keys.every(isEntry)) {
    throw new Error(
      `${path} has keys without name, role (${ROLES.join(", ")}) or hash, or with flows that are no list of ids`,
    );
  }
  return keys;
}

function isEntry(entry: unknown): entry is KeyEntry {
  const { name, role, hash, expiresAt, flows } = (entry ?? {}) as Partial<KeyEntry>;
  const isForFlows = flows === undefined || (Array.isArray(flows) && flows.every((id) => typeof id === "string"));
  const expires = expiresAt === undefined || !Number.isNaN(Date.parse(expiresAt));
  return typeof name === "string" && ROLES.includes(role as Role) && typeof hash === "string" && expires && isForFlows;
}
