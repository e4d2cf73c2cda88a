import { constants } from "node:buffer";
import { readFile } from "node:fs/promises";

import { NodeError } from "../../contract/error.js";
import { jsonValue } from "../../data/json-text.js";
import { warnOfLostDigitsIn } from "../../data/lost-digits.js";
import type { NodeWork } from "../../library/work.js";
import { factsOf } from "../../machine/facts.js";
import { rootedPath } from "../../machine/rooted-path.js";
import { notUtf8, textOfBytes } from "../../machine/text-encoding.js";
import { yamlValue } from "../../machine/yaml.js";
import { missing } from "./facts.js";
import type { FileParameters } from "./parameters.js";

type Work = NodeWork<FileParameters>;

/**
 * Reads a file as its format says: text, its lines, bytes, base64, or the value of JSON or YAML.
 *
 * @throws NodeError EXECUTION_FAILED, DESERIALIZATION_FAILED, VALIDATION_FAILED or MEMORY_LIMIT_EXCEEDED
 */
export async function readContent(work: Work, path: string): Promise<object> {
  const { signal } = work;
  const place = await rootedPath(work.files, path);
  const facts = await factsOf(place);
  if (!facts) throw await missing("File", path);
  if (!facts.isFile()) throw new Error(`Path is not a file: ${path}`);
  const bytes = await readFile(place, signal ? { signal } : {}).catch(refuseTooLarge);
  const content = await contentAs(work, bytes, path);
  return { result: content, content, size: facts.size, modified: facts.mtime.toISOString() };
}

async function contentAs({ parameters, warn }: Work, bytes: Buffer, path: string): Promise<unknown> {
  const { format = "text", encoding } = parameters;
  if (format === "bytes") return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const perByte = format === "base64" ? 4 / 3 : encoding?.startsWith("utf-16") ? 1 / 2 : 1;
  if (bytes.length * perByte > constants.MAX_STRING_LENGTH) throw tooLarge(`${bytes.length} bytes`);
  if (format === "base64") return bytes.toString("base64");
  const isText = format === "text" || format === "lines";
  const text = isText && encoding === undefined ? lenientText() : textOfBytes(bytes, encoding ?? "utf-8", path);
  if (format === "text") return text;
  if (format === "lines") return linesOf(text);
  if (format === "yaml") return yamlValue(text, path, warn);
  const value = jsonValue(text, path);
  warnOfLostDigitsIn(text, `\`${path}\``, warn);
  return value;

  function lenientText(): string {
    const problem = notUtf8(bytes);
    if (problem !== undefined) {
      warn(
        "not-utf-8",
        `\`${path}\` ${problem}: bytes that are not valid became \ufffd in the content; set \`encoding\`, or \`format: bytes\``,
      );
    }
    return bytes.toString("utf8");
  }
}

/** The lines of a text without their ends (LF or CR LF); the end of the last line begins no further one. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, "").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function refuseTooLarge(error: NodeJS.ErrnoException): never {
  if (error.code !== "ERR_FS_FILE_TOO_LARGE") throw error;
  throw tooLarge("more than 2 GiB");
}

function tooLarge(size: string): NodeError {
  return new NodeError("MEMORY_LIMIT_EXCEEDED", `The file has ${size}, which is more than one value can hold`, {
    advice: ["Read it with `spreadsheet` if it is a table, or have a program work on it with `shell-command`."],
    retry: false,
  });
}
