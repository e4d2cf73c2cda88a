/** `conductor secrets`: the secrets of an installation, in its store. */

import { resolve } from "node:path";
import type { ExecutionStore } from "@atomiton/storage";
import { createNodeConductor } from "../exports/environment/node.js";
import { SHORTEST_IN_VALUES } from "../expressions/redaction.js";
import type { Secrets } from "../server/secrets/secrets.js";
import { secretList } from "../server/secrets/uses.js";
import { Exit, UsageError } from "./exit.js";
import { hiddenText } from "./hidden-input.js";
import { jsonText } from "./json.js";
import { openKeptStore, SERVER_STORE } from "./kept-store.js";
import { openProject, type Project, type ProjectOptions } from "./project.js";
import { openStoredSecrets, type SecretKeyOptions, tellHidden } from "./secret-source.js";
import { column, counted, oneLine } from "./text.js";
import { telling } from "./with-store.js";

/** Options of all commands on secrets. */
export interface SecretOptions extends ProjectOptions, SecretKeyOptions {
  /** The address of the store. */
  store?: string;
  json?: boolean;
}

/** Sets a secret: to what is typed or piped in, or to what is read each time from where `from` says. */
export async function setSecret(name: string, options: SecretOptions & { from?: string }): Promise<Exit> {
  const value = options.from === undefined ? undefined : { from: absolute(options.from) };
  return withSecrets(options, true, async (secrets, { settings }) => {
    const set = value ?? (await hiddenText(`The secret ${oneLine(name)}`, undefined));
    await secrets.set(name, set);
    if (typeof set === "string" && set.length < SHORTEST_IN_VALUES) {
      process.stderr.write(
        `${oneLine(name)} has fewer than ${SHORTEST_IN_VALUES} characters: where nodes return it, it is kept and shown as it is\n`,
      );
    }
    await tellHidden(settings, [{ name }]);
    return Exit.success;
  });
}

/** Lists secrets with the saved flows that read them, without what they are. */
export async function listSecrets(options: SecretOptions): Promise<Exit> {
  return withSecrets(options, false, async (secrets, { settings }, store) => {
    const conductor = createNodeConductor({ ...settings, store, wakes: "own" }, () => "local");
    try {
      const found = await secretList(secrets, conductor.storage);
      if (options.json) process.stdout.write(`${jsonText(found, 2)}\n`);
      else if (found.secrets.length === 0) process.stdout.write("There are no secrets: conductor secrets set NAME\n");
      for (const { name, changedAt, from, key, usedBy } of options.json ? [] : found.secrets) {
        const where = from === undefined ? `key ${key}` : oneLine(from);
        const uses = usedBy.length === 0 ? "read by no saved flow" : `read by ${usedBy.map(oneLine).join(", ")}`;
        process.stdout.write(`${column(oneLine(name), 24)}set ${changedAt}  ${where}  ${uses}\n`);
      }
      await tellHidden(settings, found.secrets);
      for (const { name, usedBy } of found.missing) {
        const flows = usedBy.map(oneLine).join(", ");
        process.stderr.write(`There is no secret ${oneLine(name)} in the store, which ${flows} would read\n`);
      }
      for (const { id, message } of found.problems ?? []) {
        process.stderr.write(`The flow ${oneLine(id)} could not be looked into: ${oneLine(message)}\n`);
      }
      return Exit.success;
    } finally {
      await conductor.shutdown();
    }
  });
}

/** Removes a secret. */
export async function removeSecret(name: string, options: SecretOptions): Promise<Exit> {
  return withSecrets(options, false, async (secrets) => {
    if (await secrets.remove(name)) return Exit.success;
    throw new UsageError(`There is no secret with the name ${oneLine(name)}`);
  });
}

/** Encrypts all secrets with a new key. */
export async function rotateSecrets(options: SecretOptions): Promise<Exit> {
  return withSecrets(options, false, async (secrets) => {
    const { key, changed } = await secrets.rotate();
    if (options.json) process.stdout.write(`${jsonText({ key, changed }, 2)}\n`);
    else process.stdout.write(`${counted(changed, "secret")} encrypted anew, with the key ${key}\n`);
    return Exit.success;
  });
}

async function withSecrets(
  options: SecretOptions,
  mayBegin: boolean,
  use: (secrets: Secrets, project: Project, store: ExecutionStore) => Promise<Exit>,
): Promise<Exit> {
  const project = await openProject(undefined, options);
  return telling(async () => {
    const { store, close } = await openKeptStore(options.store ?? project.settings.store ?? SERVER_STORE, !mayBegin);
    try {
      return await use(openStoredSecrets(store, options), project, store);
    } finally {
      await close();
    }
  });
}

/** A file is found from any folder. */
function absolute(from: string): string {
  const [, path] = /^file:(.+)$/s.exec(from) ?? [];
  return path === undefined ? from : `file:${resolve(path)}`;
}
