/** The secrets of a store, for the commands that run flows on it. */
import type { ExecutionStore } from "@atomiton/storage";
import type { ConductorConfig } from "../exports/node.js";
import type { SecretKeySource } from "../server/secrets/secret-keys.js";
import { openSecrets, type Secrets, secretsInTurn } from "../server/secrets/secrets.js";
import type { OwnFile } from "./apart.js";
import { UsageError } from "./exit.js";
import { oneLine, onStandardError } from "./text.js";

/** Where the key of secrets is, unless something else is said. */
export const SECRET_KEY_FILE = "conductor.secret-key";

/** The variable of the environment that may have the key itself. */
const VARIABLE = "CONDUCTOR_SECRET_KEY";

/** Why a key is refused beside the address of a server. */
export const SECRET_KEY_REMOTE = "--secret-key is of use where it runs here: a server has its own; leave it out";

/** Options of all commands that open secrets. */
export interface SecretKeyOptions {
  /** The file of the key, or `keychain:NAME`. */
  secretKey?: string | undefined;
}

/** How an entry of the system's keychain is named in the place of a file. */
const KEYCHAIN = "keychain:";

/** What the key is: the file or the entry of the keychain of the option, else what the environment has, else the file in the current folder. */
export function keySource({ secretKey }: SecretKeyOptions): SecretKeySource {
  if (secretKey?.startsWith(KEYCHAIN)) return { keychain: secretKey.slice(KEYCHAIN.length) };
  if (secretKey !== undefined) return { file: secretKey };
  return process.env[VARIABLE] || { file: SECRET_KEY_FILE };
}

/** Throws UsageError where a key is named, and no store that could have secrets. */
export function demandStore(address: unknown, { secretKey }: SecretKeyOptions): void {
  if (secretKey === undefined || address !== undefined) return;
  throw new UsageError("--secret-key is for the secrets of a store; give --store sqlite:PATH as well");
}

/** The file of the key, where there is one, for `demandApart`. */
export function ownKeyFile(options: SecretKeyOptions): OwnFile[] {
  const source = keySource(options);
  if (typeof source === "string" || "keychain" in source) return [];
  const remedy = `Keep it elsewhere: --secret-key FILE, or ${VARIABLE} in the environment`;
  return [{ path: source.file, harm: "read the key of the secrets", remedy }];
}

/** Opens the secrets of a store. Throws UsageError for what is no key. */
export function openStoredSecrets(
  store: ExecutionStore,
  options: SecretKeyOptions,
  say: (text: string) => void = onStandardError,
): Secrets {
  const onKeyMade = (place: string) => {
    say(
      `Made the key of the secrets: ${oneLine(place)}. Without it no secret can be read: keep a copy apart from the store`,
    );
  };
  try {
    return openSecrets({ store, key: keySource(options), onKeyMade });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The secrets of a store, where it keeps any, and the setting of a conductor that asks those of the project first. */
export function storedSecrets(
  settings: ConductorConfig,
  store: ExecutionStore,
  options: SecretKeyOptions,
  say?: (text: string) => void,
): { secrets?: Secrets; asked: Pick<ConductorConfig, "secrets"> } {
  if (store.entries === undefined) return { asked: {} };
  const secrets = openStoredSecrets(store, options, say);
  return { secrets, asked: { secrets: secretsInTurn(settings.secrets, secrets) } };
}

/** Says, by default on stderr, which of these the settings have as well, so that those of the store are not read. */
export async function tellHidden(
  { secrets }: ConductorConfig,
  stored: readonly { name: string }[],
  say: (text: string) => void = onStandardError,
): Promise<void> {
  if (secrets === undefined) return;
  for (const { name } of stored) {
    let own: unknown;
    try {
      own = await secrets(name);
    } catch {
      // What it has to say is said by the node that asks.
    }
    if (own === undefined || own === null) continue;
    say(`The secret ${oneLine(name)} is in the store and in \`secrets\` of conductor.config, which counts`);
  }
}
