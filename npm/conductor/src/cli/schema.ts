/** `conductor schema`: the JSON Schema of flow files. */

import { writeFileSync } from "node:fs";
import { flowSchema } from "@atomiton/nodes/definitions";
import { messageOf } from "@atomiton/values";
import { Exit, UsageError } from "./exit.js";

/** Writes the schema to a file, or to standard output. Throws `UsageError` for a file that cannot be written. */
export function schema({ output }: { output?: string }): Exit {
  const text = `${JSON.stringify(flowSchema(), null, 2)}\n`;
  if (output === undefined) {
    process.stdout.write(text);
    return Exit.success;
  }
  try {
    writeFileSync(output, text);
  } catch (error) {
    throw new UsageError(`The schema cannot be written: ${messageOf(error)}`);
  }
  process.stderr.write(`Flow files that begin with this line are completed and checked by editors:\n`);
  process.stderr.write(`# yaml-language-server: $schema=${output}\n`);
  return Exit.success;
}
