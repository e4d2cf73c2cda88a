/** Where the keys come from that secrets are encrypted with: 32 bytes each, from a file, the system's keychain, or a text. */
import { KeysOfFile } from "./key-file.js";
import { KeysOfKeychain } from "./keychain.js";
import { keysIn, refused, type SecretKeys } from "./secret-key.js";

/**
 * A file with a key on each line, an entry of the system's keychain with the same, or the keys themselves as text, with blanks between
 * them: base64 of 32 bytes each. The keychain needs the package @napi-rs/keyring.
 */
export type SecretKeySource = string | { file: string } | { keychain: string };

/** The keys of a source. */
export function secretKeys(source: SecretKeySource): SecretKeys {
  const { file, keychain } = (typeof source === "object" && source !== null ? source : {}) as Record<string, unknown>;
  if (typeof file === "string" && file !== "") return new KeysOfFile(file);
  if (typeof keychain === "string" && keychain !== "") return new KeysOfKeychain(keychain);
  if (typeof source !== "string" || source.trim() === "") {
    throw refused("The key of secrets is base64 of 32 bytes, or `{ file }` or `{ keychain }` that has such keys");
  }
  const keys = keysIn(source.trim().split(/\s+/), "The key of secrets");
  return {
    name: "the key that was given",
    all: () => keys,
    find: (id) => keys.find((key) => key.id === id),
    add() {
      throw refused(
        "The key of secrets was given as text, and no other one can be kept in its place. Give the old key and after it, behind a blank, a new one (`openssl rand -base64 32`), then rotate",
      );
    },
  };
}
