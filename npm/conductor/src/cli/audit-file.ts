/** A file to which an audit is appended, one line of JSON for each thing that happened. */
import { closeSync, openSync } from "node:fs";
import { appendFile } from "node:fs/promises";
import type { Audit } from "../server/audit.js";
import { UsageError } from "./exit.js";
import { counted, oneLine, onStandardError } from "./text.js";

/** Lines that wait while the disk is slow, or full; what comes then is lost, and counted. */
const MOST_WAITING = 10_000;

/** An audit in a file. */
export interface AuditFile {
  audit: Audit;
  /** Settles when all that was told is written, or lost. */
  written(): Promise<void>;
}

/**
 * Appends to a file, for its owner's eyes only. It is opened for each batch of lines, so that it can be moved away. What cannot be
 * written is lost, and told to `say`, by default on stderr: when that begins, and how many lines it was when it is over.
 *
 * @throws UsageError for a file that cannot be opened
 */
export function auditFile(path: string, say: (text: string) => void = onStandardError): AuditFile {
  try {
    closeSync(openSync(path, "a", 0o600));
  } catch (error) {
    throw new UsageError(`The audit cannot be written to ${oneLine(path)}: ${oneLine((error as Error).message)}`);
  }
  let waiting: string[] = [];
  let lost = 0;
  /** Whether a line may have been written in part. */
  let isTorn = false;
  let writing: Promise<void> | undefined;

  const append = async () => {
    while (waiting.length > 0) {
      const lines = waiting;
      waiting = [];
      try {
        await appendFile(path, (isTorn ? "\n" : "") + lines.join(""), { mode: 0o600 });
        isTorn = false;
        if (lost > 0) say(`The audit is written again; ${counted(lost, "line")} of it were lost`);
        lost = 0;
      } catch (error) {
        isTorn = true;
        if (lost === 0) {
          const reason = oneLine((error as Error).message);
          say(`The audit cannot be written to ${oneLine(path)}: ${reason}. Its lines are lost`);
        }
        lost += lines.length;
      }
    }
  };

  return {
    audit(entry) {
      if (waiting.length >= MOST_WAITING) {
        if (lost++ === 0) say(`The audit comes faster than ${oneLine(path)} takes it: lines are lost`);
        return;
      }
      waiting.push(`${JSON.stringify(entry)}\n`);
      writing ??= append().finally(() => {
        writing = undefined;
      });
    },
    async written() {
      while (writing !== undefined) await writing;
      if (lost > 0) say(`${counted(lost, "line")} of the audit were lost`);
    },
  };
}
