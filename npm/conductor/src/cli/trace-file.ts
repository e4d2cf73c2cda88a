/** The file for `--trace`. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { UsageError } from "./exit.js";
import { jsonText } from "./json.js";

/** Opened before the run, so that a run whose trace cannot be written does not begin; what is in it stays until then. */
export class TraceFile {
  readonly #file: number;

  /** @throws UsageError for a file that cannot be written */
  constructor(path: string) {
    this.#file = attempted(() => openSync(path, constants.O_WRONLY | constants.O_CREAT));
  }

  /** Replaces the content. @throws UsageError */
  write(trace: unknown): void {
    attempted(() => {
      try {
        if (fstatSync(this.#file).isFile()) ftruncateSync(this.#file);
        writeFileSync(this.#file, `${jsonText(trace ?? null, 2)}\n`);
      } finally {
        closeSync(this.#file);
      }
    });
  }
}

function attempted<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new UsageError(`The trace cannot be written: ${(error as Error).message}`);
  }
}
