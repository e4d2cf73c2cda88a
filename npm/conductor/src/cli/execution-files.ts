/** `conductor executions export` and `import`: executions as files. */
import { readFileSync, writeFileSync } from "node:fs";

import { Exit, UsageError } from "./exit.js";
import { counted, oneLine } from "./text.js";
import { type StoreOptions, withStore } from "./with-store.js";

/** Options of an export. */
export interface ExportFileOptions extends StoreOptions {
  output?: string;
  /** Paths of what is left out. */
  redact?: string[];
  /** False to leave out all. */
  values?: boolean;
}

/** Writes an execution to a file, by default `ID.conductor-run` in this folder, or with `-` to standard output. */
export function exportExecution(id: string, options: ExportFileOptions): Promise<Exit> {
  const { redact, values = true } = options;
  return withStore(options, async ({ executions }) => {
    const bytes = await executions.export(id, { ...(redact && { redact }), ...(!values && { withoutValues: true }) });
    const path = options.output ?? `${id.replaceAll(/[^\w.-]+/g, "_")}.conductor-run`;
    if (path === "-") {
      process.stdout.write(bytes);
      return Exit.success;
    }
    try {
      writeFileSync(path, bytes);
    } catch (error) {
      throw new UsageError(`${oneLine(path)} cannot be written: ${(error as Error).message}`);
    }
    const holds = !values
      ? "It holds no values; ids of the execution, its nodes and their types are in it"
      : redact === undefined
        ? "It holds what nodes returned, secrets among it"
        : `It holds what nodes returned, but for what ${oneLine(redact.join(", "))} names, and its text`;
    process.stdout.write(`${oneLine(path)}: ${counted(bytes.length, "byte")}. ${holds}\n`);
    return Exit.success;
  });
}

/** Puts the execution of a file into the store. */
export function importExecution(path: string, options: StoreOptions & { id?: string }): Promise<Exit> {
  const bytes = readRunFile(path);
  const use = async ({ executions }: Parameters<Parameters<typeof withStore>[1]>[0]) => {
    const id = await executions.import(bytes, options.id === undefined ? {} : { id: options.id });
    const { status, reason } = await executions.get(id);
    process.stdout.write(`${oneLine(id)} imported: ${status}${reason === undefined ? "" : `. ${oneLine(reason)}`}\n`);
    return Exit.success;
  };
  return withStore(options, use, { mayBegin: true });
}

/** The bytes of a file. @throws UsageError where it cannot be read */
export function readRunFile(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    throw new UsageError(`${oneLine(path)} cannot be read: ${(error as Error).message}`);
  }
}
