/** The sheets of a workbook that is about to be written over. */
import { stat } from "node:fs/promises";
import { openPromise } from "yauzl";

/** Bytes of the part of a workbook that lists its sheets; where it has more, none is told. */
const LARGEST_LIST = 1024 * 1024;
const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** The names of the sheets that a file of XLSX has; none where there is no such file, or it is something else. */
export async function sheetsOf(path: string): Promise<string[]> {
  // To open a pipe would wait for what writes to it.
  if (!(await stat(path).catch(() => undefined))?.isFile()) return [];
  const zip = await openPromise(path, { autoClose: false }).catch(() => undefined);
  if (zip === undefined) return [];
  zip.on("error", () => undefined);
  try {
    for await (const entry of zip.eachEntry()) {
      if (entry.fileName !== "xl/workbook.xml" || entry.uncompressedSize > LARGEST_LIST) continue;
      const pieces: Buffer[] = [];
      for await (const piece of await zip.openReadStreamPromise(entry)) pieces.push(piece as Buffer);
      return namesIn(Buffer.concat(pieces).toString());
    }
  } catch {
    // What cannot be read is written over as any file is.
  } finally {
    zip.close();
  }
  return [];
}

function namesIn(xml: string): string[] {
  const sheets = xml.matchAll(/<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"/g);
  return Array.from(sheets, ([, name = ""]) =>
    name.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hexadecimal, entity) => {
      if (entity !== undefined) return ENTITIES[entity] ?? whole;
      const code = Number.parseInt(decimal ?? hexadecimal, decimal === undefined ? 16 : 10);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }),
  );
}
