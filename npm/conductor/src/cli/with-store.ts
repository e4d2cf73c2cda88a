/** The store that the command line or its settings name, for as long as a command uses it. */
import type { ExecutionStore } from "@atomiton/storage";

import { createNodeConductor } from "../exports/environment/node.js";
import type { Conductor, ConductorConfig } from "../exports/node.js";
import { Exit, UsageError } from "./exit.js";
import { openKeptStore } from "./kept-store.js";
import { openProject, type Project, type ProjectOptions } from "./project.js";
import { type RemoteOptions, withRemote } from "./remote.js";
import { SECRET_KEY_REMOTE, type SecretKeyOptions, storedSecrets } from "./secret-source.js";
import { oneLine } from "./text.js";

/** Options of all commands on a store, which may be that of a server. */
export interface StoreOptions extends ProjectOptions, RemoteOptions, SecretKeyOptions {
  /** The address of the store. */
  store?: string;
  json?: boolean;
}

/** How a command uses its store. */
interface Opening {
  /** Whether the database may be a new one; one that is not there is an error otherwise. */
  mayBegin?: boolean;
  /** Settings over those of the project. */
  wanted?: Pick<ConductorConfig, "concurrency" | "timeout">;
}

/** Lets a command use a conductor on the store, or one that reaches the server. What it rejects with by a code is told in one line. */
export async function withStore(
  options: StoreOptions,
  use: (conductor: Conductor, project: Project) => Promise<Exit>,
  opening: Opening = {},
): Promise<Exit> {
  const { remote } = options;
  if (remote !== undefined) {
    if (options.store !== undefined) throw new UsageError("--store and --remote name two places; give one of them");
    if (options.label !== undefined)
      throw new UsageError("--label is what this process offers, and a server has its own; leave it out");
    if (options.secretKey !== undefined) throw new UsageError(SECRET_KEY_REMOTE);
    const useless = Object.entries(opening.wanted ?? {}).map(([name]) => `--${name}`);
    if (useless.length > 0) throw new UsageError(`${useless.join(", ")} is of use where it runs here; leave it out`);
    const project = await openProject(undefined, options);
    return telling(() => withRemote({ ...options, remote }, ({ conductor }) => use(conductor, project)));
  }
  if (options.keyFile !== undefined) throw new UsageError("--key-file is for a server; give --remote URL as well");
  const onConductor = async (store: ExecutionStore, project: Project) => {
    // What others put to sleep is not for a process that ends with this command.
    const conductor = createNodeConductor(
      {
        ...project.settings,
        ...storedSecrets(project.settings, store, options).asked,
        ...opening.wanted,
        store,
        wakes: "own",
      },
      () => "local",
    );
    try {
      return await use(conductor, project);
    } finally {
      await conductor.shutdown();
    }
  };
  return withOpenStore(options, onConductor, opening);
}

/** The same with the store itself. */
export async function withOpenStore(
  options: StoreOptions,
  use: (store: ExecutionStore, project: Project) => Promise<Exit>,
  { mayBegin = false }: Opening = {},
): Promise<Exit> {
  const project = await openProject(undefined, options);
  const address = options.store ?? project.settings.store;
  if (address === undefined) {
    throw new UsageError(
      "Name the store: --store sqlite:PATH, or `store` in conductor.config; or a server: --remote URL",
    );
  }
  return telling(async () => {
    const { store, close } = await openKeptStore(address, !mayBegin);
    try {
      return await use(store, project);
    } finally {
      await close();
    }
  });
}

/** Carries out a command; what it rejects with by a code is told in one line. */
export async function telling(use: () => Promise<Exit>): Promise<Exit> {
  try {
    return await use();
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    if (code === undefined) throw error;
    process.stderr.write(`${oneLine(message)}\n`);
    return code === "INVALID_PARAMETERS" ? Exit.usage : Exit.failed;
  }
}
