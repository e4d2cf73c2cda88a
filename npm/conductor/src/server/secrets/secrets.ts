/** Secrets of an installation, by name, encrypted in its store. */
import { createHash } from "node:crypto";
import type { EntryStorage, ExecutionStore, ListedEntry } from "@atomiton/storage";
import { coded } from "../../engine/failure.js";
import { MOST_SECRET_BYTES, referenced, referenceProblem } from "./references.js";
import { opened, type SealedSecret, type SecretFacts, sealed, sealedIn, textOfSealed } from "./sealed.js";
import type { SecretKey, SecretKeys } from "./secret-key.js";
import { type SecretKeySource, secretKeys } from "./secret-keys.js";

/** Settings of secrets. */
export interface SecretsOptions {
  /** Where they are kept. It is the caller's to close. */
  store: ExecutionStore;
  /**
   * What they are encrypted with: `{ file }` or `{ keychain }`, which is made where it is missing when the first secret is set, or the
   * key as text, base64 of 32 bytes. Of several keys the last one encrypts, the others open what they encrypted.
   */
  key: SecretKeySource;
  /** Told where the first key was made: the file, or the entry of the keychain. */
  onKeyMade?: (place: string) => void;
}

/** A secret, without what it is. */
export interface SecretEntry extends SecretFacts {
  /** The id of the key that it is encrypted with. */
  key: string;
}

/** What a secret is set to: a value, or where it is read each time that it is needed, `env:NAME` or `file:PATH`. */
export type SecretValue = string | { from: string };

/** What a rotation came to. */
export interface Rotation {
  /** The id of the key that all secrets are encrypted with now. */
  key: string;
  /** How many were encrypted anew. */
  changed: number;
}

/** Secrets, as a conductor asks for them: `createConductor({ secrets })`. */
export interface Secrets {
  /**
   * The value of a secret. Rejects with INVALID_PARAMETERS where no secret has this name, where its key is missing, and where what it
   * refers to cannot be read; with DESERIALIZATION_FAILED where its entry was changed.
   */
  (name: string): Promise<string>;
  /** Whether there is one of this name. */
  has(name: string): Promise<boolean>;
  /**
   * Sets a secret, also one that there is. Rejects with INVALID_PARAMETERS for an invalid name, and for a value that is empty, no
   * valid Unicode, or larger than 64 KiB.
   */
  set(name: string, value: SecretValue): Promise<void>;
  /** Removes a secret; whether there was one of this name. */
  remove(name: string): Promise<boolean>;
  /** All of them by name, without what they are. Needs no key. */
  list(): Promise<SecretEntry[]>;
  /**
   * Encrypts all of them with a new key, which is added to the file or the keychain; of keys that were given as text, with the last one. Rejects,
   * and changes nothing, where one of them cannot be opened.
   */
  rotate(): Promise<Rotation>;
}

/** How expressions write a name without brackets, and hyphens in addition. */
export const SECRET_NAME = /^[A-Za-z_][A-Za-z0-9_-]{0,99}$/;

/** How often it is tried to change what others change as well. */
const MOST_TRIES = 100;

/** Opens the secrets of a store. Throws INVALID_PARAMETERS for a store that keeps none, and for what is no key. */
export function openSecrets({ store, key: source, onKeyMade }: SecretsOptions): Secrets {
  if (store.entries === undefined) {
    throw refused(`The store ${store.name} keeps no secrets; give one of @atomiton/storage, such as sqlite:PATH`);
  }
  const entries: EntryStorage = store.entries("secrets");
  const keys = secretKeys(source);

  const find = async (name: string) => {
    const found = typeof name === "string" ? await entries.get(name) : undefined;
    return found && { hash: found.hash, secret: sealedIn(name, found.content) };
  };
  /** The key to encrypt with. Without a key, one is made: unless there are secrets, whose key must then be elsewhere. */
  const current = async (): Promise<SecretKey> => {
    const [known] = keys.all().slice(-1);
    if (known !== undefined) return known;
    const others = await entries.list();
    const missing = others[0] && sealedIn(others[0].id, others[0].content);
    if (missing !== undefined) throw lacksKey(missing, keys);
    keys.add();
    onKeyMade?.(keys.name);
    // Another process may have added one at the same time.
    return keys.all().at(-1) as SecretKey;
  };

  const secrets = async (name: string): Promise<string> => {
    const found = await find(name);
    if (found === undefined) {
      const shown = SECRET_NAME.test(name) ? name : "NAME";
      throw refused(
        `\`secrets.${name}\` cannot be read: there is no secret of this name. Set it with \`conductor secrets set ${shown}\``,
      );
    }
    const value = openedBy(keys, found.secret);
    return found.secret.from === undefined ? value : referenced(`secrets.${name}`, found.secret.from);
  };

  return Object.assign(secrets, {
    has: async (name: string) => (await entries.get(name)) !== undefined,
    async set(name: string, value: SecretValue) {
      const from = valueProblem(name, value);
      const key = await current();
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = await entries.get(name);
        const changedAt = new Date().toISOString();
        const createdAt = (found && createdAtOf(name, found.content)) ?? changedAt;
        const facts = { name, ...(from !== undefined && { from }), createdAt, changedAt };
        const entry = entryOf(sealed(facts, typeof value === "string" ? value : "", key));
        const changes = [{ id: name, entry, ifHash: found?.hash ?? "" }];
        if ((await entries.write(changes)).length === 0) return;
      }
      throw coded("EXECUTION_FAILED", `The secret ${name} is set by others again and again; try later`, undefined);
    },
    async remove(name: string) {
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const found = typeof name === "string" ? await entries.get(name) : undefined;
        if (found === undefined) return false;
        if ((await entries.write([{ id: name, ifHash: found.hash }])).length === 0) return true;
      }
      throw coded("EXECUTION_FAILED", `The secret ${name} is set by others again and again; try later`, undefined);
    },
    async list() {
      const found = (await entries.list()).map(({ id, content }) => sealedIn(id, content));
      const shown = found.map(({ sealed: _, ...secret }) => secret);
      return shown.sort((a, b) => (a.name < b.name ? -1 : 1));
    },
    async rotate() {
      const before = await entries.list();
      const problems = before.flatMap((entry) => problemOf(keys, entry));
      if (problems.length > 0) throw refused(`Nothing was changed. ${problems.join(". ")}`);
      const isGiven = typeof source === "string";
      // The key is kept before anything is encrypted with it. Of keys that were given, a new one must stand behind the old ones.
      const key = isGiven && keys.all().length > 1 ? (keys.all().at(-1) as SecretKey) : keys.add();
      let changed = 0;
      for (let tries = 0; tries < MOST_TRIES; tries++) {
        const old = (await entries.list()).filter(({ id, content }) => sealedIn(id, content).key !== key.id);
        if (old.length === 0) return { key: key.id, changed };
        const changes = old.map(({ id, hash, content }) => {
          const secret = sealedIn(id, content);
          const { key: _, sealed: __, ...facts } = secret;
          return { id, entry: entryOf(sealed(facts, openedBy(keys, secret), key)), ifHash: hash };
        });
        // Those that were set meanwhile are refused, and come in the next round.
        changed += changes.length - (await entries.write(changes)).length;
      }
      throw coded("EXECUTION_FAILED", "Secrets are set by others again and again; rotate once more", undefined);
    },
  });
}

/**
 * The secrets of a project and those of a store as one function: the project's own `secrets` are asked first, and those of the store
 * where they give nothing.
 */
export function secretsInTurn(
  own: ((name: string) => string | undefined | PromiseLike<string | undefined>) | undefined,
  stored: (name: string) => Promise<string>,
): (name: string) => Promise<string> {
  if (own === undefined) return stored;
  return async (name) => (await own(name)) ?? stored(name);
}

/** The value under which an entry is kept; checked before anything is changed. Gives where it comes from. */
function valueProblem(name: string, value: SecretValue): string | undefined {
  if (typeof name !== "string" || !SECRET_NAME.test(name)) {
    throw refused("A secret has a name of up to 100 letters, digits, _ and -, which begins with a letter or _");
  }
  if (typeof value !== "string") {
    const problem = referenceProblem(value?.from);
    if (problem !== undefined) throw refused(problem);
    return value.from;
  }
  if (value === "") throw refused(`The secret ${name} must not be empty`);
  // Unpaired halves would come back as something else.
  if (/\p{Surrogate}/u.test(value)) throw refused(`The secret ${name} is no valid Unicode: give bytes as base64`);
  if (Buffer.byteLength(value) > MOST_SECRET_BYTES) {
    throw refused(`The secret ${name} has more than ${MOST_SECRET_BYTES} bytes`);
  }
  return undefined;
}

function entryOf(secret: SealedSecret) {
  const content = textOfSealed(secret);
  return { content, hash: createHash("sha256").update(content).digest("hex") };
}

function openedBy(keys: SecretKeys, secret: SealedSecret): string {
  const key = keys.find(secret.key);
  if (key === undefined) throw lacksKey(secret, keys);
  return opened(secret, key);
}

function lacksKey({ name, key }: SealedSecret, keys: SecretKeys): Error {
  const ids = keys.all().map(({ id }) => id);
  const there = ids.length === 0 ? `${keys.name} is not there` : `${keys.name} has ${ids.join(", ")}`;
  return refused(`The secret ${JSON.stringify(name)} is encrypted with the key ${key}, which is missing: ${there}`);
}

function problemOf(keys: SecretKeys, { id, content }: ListedEntry): string[] {
  try {
    openedBy(keys, sealedIn(id, content));
    return [];
  } catch (error) {
    return [(error as Error).message];
  }
}

/** Of an entry that is broken, nothing is taken over. */
function createdAtOf(name: string, content: string): string | undefined {
  try {
    return sealedIn(name, content).createdAt;
  } catch {
    return undefined;
  }
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
