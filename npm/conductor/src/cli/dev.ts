/**
 * `conductor dev`: a server for the flows of a folder, which takes their changes.
 *
 * Flows are read again in the process that serves. A module cannot be loaded twice in one process with all that it imports, so when code
 * or settings change that process ends and this one starts the next; executions under way go on in it.
 */
import { spawn } from "node:child_process";
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { databaseFile } from "../api/durable/execution-store.js";
import { DevFlows, isFlowFile } from "./dev-flows.js";
import { Exit, UsageError } from "./exit.js";
import type { Strictness } from "./flow-file.js";
import { watchFolder } from "./folder-watch.js";
import { keptKeysFile } from "./kept-keys.js";
import { KEY_FILE } from "./keys.js";
import type { ProjectOptions } from "./project.js";
import { keySource, type SecretKeyOptions } from "./secret-source.js";
import { serve } from "./serve.js";
import { oneLine } from "./text.js";

/** Options of the command. */
export interface DevOptions extends ProjectOptions, SecretKeyOptions, Strictness {
  port: number;
  store?: string;
  allowPrivateAddresses?: boolean;
  allowPrograms?: boolean;
  /** Whether this is the process that serves. */
  child?: boolean;
}

/** How the process that serves ends where another is to be started. */
const ANEW = 75;

/** Serves a folder until a signal ends it. */
export async function dev(folder: string, options: DevOptions): Promise<Exit> {
  const root = resolve(folder);
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`There is no folder ${oneLine(root)}`);
  }
  return options.child ? served(root, options) : supervised();
}

/** Starts the process that serves as often as it asks for it. */
async function supervised(): Promise<Exit> {
  const [, program, command, ...others] = process.argv as [string, string, string, ...string[]];
  for (;;) {
    const child = spawn(process.execPath, [...process.execArgv, program, command, "--child", ...others], {
      stdio: ["inherit", "inherit", "inherit", "ipc"],
    });
    const forward = (signal: NodeJS.Signals) => {
      // A terminal tells both processes.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    };
    process.on("SIGINT", forward).on("SIGTERM", forward);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on("error", reject).on("close", resolve);
    });
    process.off("SIGINT", forward).off("SIGTERM", forward);
    if (code !== ANEW) return (code ?? Exit.failed) as Exit;
  }
}

async function served(root: string, options: DevOptions): Promise<Exit> {
  // The first process may be killed.
  process.on("disconnect", () => process.emit("SIGTERM"));
  let isAnew = false;
  let flows: DevFlows | undefined;
  let reading = Promise.resolve();
  let asked = () => {};
  const end = watchFolder(root, (paths) => {
    const code = paths.find((path) => /\.[cm]?[jt]s$|^conductor\.config\.json$/.test(path));
    if (code !== undefined) {
      process.stderr.write(`${oneLine(code)} changed: the server starts anew\n`);
      isAnew = true;
      asked();
      return;
    }
    for (const path of paths.filter(isFlowFile)) reading = reading.then(() => flows?.load(path));
  });
  try {
    const serving = {
      ...fromHere(options),
      host: "127.0.0.1",
      open: true,
      isolate: false,
      isDevelopment: true,
      keys: KEY_FILE,
      defaultRoots: [root],
    };
    const store = serving.store ?? `sqlite:${storeFile(root)}`;
    process.chdir(root);
    const exit = await serve([], { ...serving, store }, async (conductor, facts) => {
      flows = new DevFlows(root, conductor, facts);
      await flows.loadAll();
      asked = () => process.emit("SIGTERM");
      if (isAnew) asked();
    });
    return (isAnew ? ANEW : exit) as Exit;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    // A module that cannot be loaded, or settings that are wrong, are about to be changed.
    process.stderr.write(`${error.message}\nThe server starts when code or settings change\n`);
    const signal = await new Promise<boolean>((resolve) => {
      asked = () => resolve(false);
      process.once("SIGINT", () => resolve(true)).once("SIGTERM", () => resolve(true));
      if (isAnew) asked();
    });
    return (signal ? Exit.success : ANEW) as Exit;
  } finally {
    end();
    await reading;
  }
}

/** The same options, whichever the current folder is. */
function fromHere({ nodes, config, store, secretKey, ...others }: DevOptions): DevOptions {
  const file = store === undefined ? undefined : databaseFile(store);
  return {
    ...others,
    ...(nodes && { nodes: nodes.map((path) => resolve(path)) }),
    ...(config !== undefined && { config: typeof config === "string" ? resolve(config) : config }),
    secretKey: secretKey === undefined ? secretKeyFile() : secretKeyFromHere(secretKey),
    ...(store !== undefined && { store: file === undefined ? store : `sqlite:${file}` }),
  };
}

/** The same file, whichever the current folder is; an entry of the keychain is one anyway. */
function secretKeyFromHere(secretKey: string): string {
  const source = keySource({ secretKey });
  return typeof source === "object" && "file" in source ? resolve(source.file) : secretKey;
}

/** Where flows, which may read all files of their folder, cannot read it; the environment may have the key itself. */
function secretKeyFile(): string | undefined {
  if (typeof keySource({}) === "string") return undefined;
  const folder = dirname(keptKeysFile());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, "dev.secret-key");
}

/** The database of a folder, in a folder that Git leaves out. */
function storeFile(root: string): string {
  const folder = join(root, ".conductor");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".gitignore"), "*\n");
  return join(folder, "dev.db");
}
