/** `conductor backup` and `conductor restore`: the store of a server in a file. */
import { backUpSqliteStore, restoreSqliteStore, type StoreCopy } from "@atomiton/storage";
import { databaseFile, openerOf } from "../api/durable/execution-store.js";
import { Exit, UsageError } from "./exit.js";
import { jsonText } from "./json.js";
import { SERVER_STORE } from "./kept-store.js";
import { openProject, type ProjectOptions } from "./project.js";
import { counted, oneLine } from "./text.js";
import { telling } from "./with-store.js";

/** Options of both commands. */
export interface BackupOptions extends ProjectOptions {
  store?: string;
  replace?: boolean;
  json?: boolean;
}

/** Copies a store to a file, while a server may write to it. */
export async function backUp(file: string, options: BackupOptions): Promise<Exit> {
  const database = await databaseOf(options, POSTGRES_BACKUP);
  return copying(options, "backed up to", file, () =>
    backUpSqliteStore(database, file, { replaces: options.replace ?? false }),
  );
}

/** Puts a backup in the place of a store that no process has open. */
export async function restore(file: string, options: BackupOptions): Promise<Exit> {
  const database = await databaseOf(options, POSTGRES_RESTORE);
  return copying(options, "restored to", database, () =>
    restoreSqliteStore(file, database, { replaces: options.replace ?? false }),
  );
}

/** A password belongs into PGPASSWORD or ~/.pgpass: the arguments of a command can be seen by every user of the machine. */
const POSTGRES_BACKUP =
  "A store in PostgreSQL is backed up by PostgreSQL's own program, also while servers write to it:\n  pg_dump --format=custom --schema=conductor --file=FILE postgres://USER@HOST/DATABASE";
const POSTGRES_RESTORE =
  "A store in PostgreSQL is restored by PostgreSQL's own program, once no server uses it:\n  pg_restore --clean --if-exists --single-transaction --dbname=postgres://USER@HOST/DATABASE FILE";

/** The file of the database that the options or the project name. */
async function databaseOf(options: BackupOptions, ofPostgres: string): Promise<string> {
  const { settings } = await openProject(undefined, options);
  const address = options.store ?? settings.store ?? SERVER_STORE;
  if (typeof address !== "string") {
    throw new UsageError("`store` of the settings is a store that is open; give its address: --store sqlite:PATH");
  }
  const file = databaseFile(address);
  if (file !== undefined) return file;
  try {
    openerOf(address);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  throw new UsageError(ofPostgres);
}

function copying({ json }: BackupOptions, done: string, file: string, copy: () => Promise<StoreCopy>): Promise<Exit> {
  return telling(async () => {
    const copied = await copy();
    const { executions, flows, bytes } = copied;
    process.stdout.write(
      json
        ? `${jsonText({ file, ...copied }, 2)}\n`
        : `${counted(executions, "execution")} and ${counted(flows, "flow")} ${done} ${oneLine(file)} (${bytes} bytes, checked)\n`,
    );
    return Exit.success;
  });
}
