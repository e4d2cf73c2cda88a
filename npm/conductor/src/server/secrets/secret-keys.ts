/** The keys that secrets are encrypted with: 32 bytes each, from a file of the owner or from a text, such as one of the environment. */
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { messageOf } from "@atomiton/values";
import { coded } from "../../engine/failure.js";

/** A key. */
export interface SecretKey {
  /** The beginning of a hash of it: names it without telling of it. */
  id: string;
  bytes: Buffer;
}

/** Where keys come from. The last one encrypts; those before it open what they encrypted. */
export interface SecretKeys {
  /** How it is named in messages. */
  readonly name: string;
  /** All keys as they are now; none where the file is not there. Throws INVALID_PARAMETERS for what is no key. */
  all(): readonly SecretKey[];
  /** Makes a key, the last one from now on, and keeps it before it is used. Throws INVALID_PARAMETERS where there is no file to keep it in. */
  add(): SecretKey;
}

/** A file with a key on each line, or the keys themselves as text, with blanks between them: base64 of 32 bytes each. */
export type SecretKeySource = string | { file: string };

const BYTES = 32;

/** The keys of a source. */
export function secretKeys(source: SecretKeySource): SecretKeys {
  if (typeof source === "object" && source !== null && typeof source.file === "string" && source.file !== "") {
    return new KeysOfFile(source.file);
  }
  if (typeof source !== "string" || source.trim() === "") {
    throw refused("The key of secrets is base64 of 32 bytes, or `{ file }` that has such keys");
  }
  const keys = keysIn(source.trim().split(/\s+/), "The key of secrets");
  return {
    name: "the key that was given",
    all: () => keys,
    add() {
      throw refused(
        "The key of secrets was given as text, and no other one can be kept in its place. Give the old key and after it, behind a blank, a new one (`openssl rand -base64 32`), then rotate",
      );
    },
  };
}

class KeysOfFile implements SecretKeys {
  #read: { at: string; keys: readonly SecretKey[] } | undefined;

  constructor(readonly name: string) {}

  /** The file is read again when it has become another one, so that a process that runs goes on after a rotation. */
  all(): readonly SecretKey[] {
    const facts = statSync(this.name, { bigint: true, throwIfNoEntry: false });
    if (facts === undefined) return [];
    const at = `${facts.ino} ${facts.mtimeNs} ${facts.size}`;
    if (this.#read?.at !== at) {
      const lines = readFileSync(this.name, "latin1").split("\n");
      this.#read = {
        at,
        keys: keysIn(
          lines.map((line) => line.trim()),
          this.name,
        ),
      };
    }
    return this.#read.keys;
  }

  /** Lines are only ever added, each by one write: of two processes that add a key, neither loses that of the other one. */
  add(): SecretKey {
    const key = keyOf(randomBytes(BYTES));
    const line = `${key.bytes.toString("base64")}\n`;
    try {
      if (!this.#begin(line)) {
        const file = openSync(this.name, "a", 0o600);
        try {
          writeSync(file, line);
          fsyncSync(file);
        } finally {
          closeSync(file);
        }
      }
    } catch (error) {
      throw refused(`The key of secrets cannot be kept in ${this.name}: ${messageOf(error)}`);
    }
    return key;
  }

  /** Makes the file with its first line, for its owner's eyes only; false where it is there. */
  #begin(line: string): boolean {
    if (statSync(this.name, { throwIfNoEntry: false }) !== undefined) return false;
    const beside = `${this.name}.${randomBytes(6).toString("hex")}.tmp`;
    try {
      writeFileSync(beside, line, { mode: 0o600, flag: "wx", flush: true });
      // Others never see a file without its key.
      linkSync(beside, this.name);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    } finally {
      rmSync(beside, { force: true });
    }
  }
}

function keysIn(lines: readonly string[], name: string): SecretKey[] {
  return lines.flatMap((line, index) => {
    if (line === "") return [];
    if (/^[A-Za-z0-9+/]{43}=$/.test(line)) return keyOf(Buffer.from(line, "base64"));
    throw refused(`${name} has something else than a key at place ${index + 1}: a key is base64 of ${BYTES} bytes`);
  });
}

function keyOf(bytes: Buffer): SecretKey {
  const id = createHash("sha256").update("conductor secret key\0").update(bytes).digest("hex").slice(0, 16);
  return { id, bytes };
}

function refused(message: string): Error {
  return coded("INVALID_PARAMETERS", message, undefined);
}
