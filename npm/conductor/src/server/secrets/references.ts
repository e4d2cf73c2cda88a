/** Secrets whose values are elsewhere: in a variable of the environment, or in a file. Only the owner of the machine may name these. */
import { open } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { messageOf } from "@atomiton/values";
import { coded } from "../../engine/failure.js";

/** What a secret may have, in bytes of UTF-8. */
export const MOST_SECRET_BYTES = 64 * 1024;

/** Why a text is no reference; `undefined` where it is one. */
export function referenceProblem(from: unknown): string | undefined {
  const [kind, what] = partsOf(from);
  if (kind === "env" && /^[A-Za-z_]\w*$/.test(what)) return undefined;
  if (kind === "file" && isAbsolute(what) && !what.includes("\0")) return undefined;
  return "A secret comes from `env:NAME` or from `file:PATH`, an absolute path";
}

/**
 * The value that a reference leads to, now. Throws INVALID_PARAMETERS where it leads to nothing.
 *
 * @param name what it is the value of, such as `secrets.TOKEN`
 */
export async function referenced(name: string, from: string): Promise<string> {
  const [kind, what] = partsOf(from);
  const refused = (why: string) =>
    coded("INVALID_PARAMETERS", `\`${name}\` cannot be read: it comes from ${from}, and ${why}`, undefined);
  if (kind === "env") {
    const value = process.env[what];
    if (value === undefined) throw refused("this process has no such variable");
    return value;
  }
  try {
    return await textOf(what);
  } catch (error) {
    throw refused(messageOf(error));
  }
}

/** A small file as text, without the line break at its end. */
async function textOf(path: string): Promise<string> {
  const file = await open(path, "r");
  try {
    if (!(await file.stat()).isFile()) throw new Error("that is no file");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MOST_SECRET_BYTES + 1), 0, MOST_SECRET_BYTES + 1, 0);
    if (bytesRead > MOST_SECRET_BYTES) throw new Error(`that has more than ${MOST_SECRET_BYTES} bytes`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, bytesRead));
    return text.replace(/\r?\n$/, "");
  } finally {
    await file.close();
  }
}

function partsOf(from: unknown): [kind: string, what: string] {
  const [, kind = "", what = ""] = /^(env|file):(.+)$/s.exec(typeof from === "string" ? from : "") ?? [];
  return [kind, what];
}
