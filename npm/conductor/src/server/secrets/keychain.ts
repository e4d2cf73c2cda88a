/** Keys of secrets in the keychain of the system: of macOS, of Windows (Credential Manager), of a desktop with the Secret Service. */
import { createRequire } from "node:module";
import { messageOf } from "@atomiton/values";
import { keysIn, newKey, refused, type SecretKey, type SecretKeys } from "./secret-key.js";

/** What is used of the package. */
interface Keyring {
  Entry: new (
    service: string,
    name: string,
    options: object,
  ) => { getPassword(): string | null; setPassword(text: string): void };
}

const PACKAGE = "@napi-rs/keyring";
/** The service that all entries are under. */
const SERVICE = "conductor secrets";

/** The keys of an entry, one on each line. To ask the keychain takes ms, and may take a question to the user: what was read is kept. */
export class KeysOfKeychain implements SecretKeys {
  readonly name: string;
  readonly #entry: InstanceType<Keyring["Entry"]>;
  #known: readonly SecretKey[] = [];

  /** Throws INVALID_PARAMETERS where there is no keychain. */
  constructor(entry: string) {
    this.name = `the entry ${JSON.stringify(entry)} of the system's keychain`;
    const { Entry } = keyring();
    // Without this a Linux without a desktop would keep it in memory, until the machine is started again.
    this.#entry = this.#asked(() => new Entry(SERVICE, entry, { linux: { store: "secret-service" } }));
  }

  find(id: string): SecretKey | undefined {
    const isIt = (key: SecretKey) => key.id === id;
    // Another process may have added one.
    return this.#known.find(isIt) ?? this.all().find(isIt);
  }

  all(): readonly SecretKey[] {
    this.#known = keysIn(this.#text().split("\n"), this.name);
    return this.#known;
  }

  add(): SecretKey {
    const key = newKey();
    const line = key.bytes.toString("base64");
    this.#asked(() => this.#entry.setPassword(`${this.#text()}${line}\n`));
    // Of two processes that add a key at once, one may have lost its own: nothing is encrypted with it then.
    if (this.all().some(({ id }) => id === key.id)) return key;
    throw refused(`${this.name} was changed by others at the same time; try again`);
  }

  #text(): string {
    return this.#asked(() => this.#entry.getPassword()) ?? "";
  }

  #asked<T>(ask: () => T): T {
    try {
      return ask();
    } catch (error) {
      throw refused(
        `The key of secrets cannot be had from ${this.name}: ${messageOf(error)}. Is the keychain there, and unlocked?`,
      );
    }
  }
}

function keyring(): Keyring {
  try {
    return createRequire(import.meta.url)(PACKAGE) as Keyring;
  } catch (error) {
    throw refused(
      `A key in the keychain needs the package ${PACKAGE} (npm install ${PACKAGE}), which cannot be loaded: ${messageOf(error).split("\n")[0]}`,
    );
  }
}
