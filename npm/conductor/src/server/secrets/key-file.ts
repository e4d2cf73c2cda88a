/** Keys of secrets in a file of their owner. */
import { randomBytes } from "node:crypto";
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
import { keysIn, newKey, refused, type SecretKey, type SecretKeys } from "./secret-key.js";

export class KeysOfFile implements SecretKeys {
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

  find(id: string): SecretKey | undefined {
    return this.all().find((key) => key.id === id);
  }

  /** Lines are only ever added, each by one write: of two processes that add a key, neither loses that of the other one. */
  add(): SecretKey {
    const key = newKey();
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
