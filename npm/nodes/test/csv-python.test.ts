import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";

import { Random } from "../../storage/test/random.js";
import { run } from "./run.js";

/** A text, how it is laid out, and whether empty lines are left out. */
interface Case {
  text: string;
  delimiter: string;
  skipEmptyLines: boolean;
}

const PYTHON = `
import csv, io, json, sys
csv.field_size_limit(1 << 30)
cases = json.load(sys.stdin)
rows = [list(csv.reader(io.StringIO(text.removeprefix("\\ufeff"), newline=""), delimiter=delimiter)) for text, delimiter in cases]
json.dump(rows, sys.stdout)
`;

const python = spawnSync("python3", ["-c", "import csv"]).status === 0;
if (!python) console.warn("python3 is not here: reading CSV is not compared with Python's csv module");

/** Cells that are quoted or not, in rows of any width, with line ends of all kinds. */
function ofCells(random: Random, delimiter: string): string {
  const lineEnd = random.of(["\n", "\r\n", "\r", undefined]);
  const width = 1 + random.below(3);
  const rows = Array.from({ length: random.below(8) }, () => {
    if (random.below(6) === 0) return "";
    return Array.from({ length: random.below(4) === 0 ? 1 : width }, () => {
      const text = random.of([
        "",
        "",
        "a",
        "1.5",
        "é",
        "x y",
        `"`,
        `a"b`,
        "line\nbreak",
        "\r",
        delimiter,
        "\r\n\r\n",
        "😀",
      ]);
      const quoted = /["\r\n]/.test(text) || text.includes(delimiter) || random.below(3) === 0;
      return quoted ? `"${text.replaceAll('"', '""')}"` : text;
    }).join(delimiter);
  });
  const text = rows.map((row) => row + (lineEnd ?? random.of(["\n", "\r\n", "\r"]))).join("");
  return random.below(3) === 0 ? text.replace(/[\r\n]+$/, "") : text;
}

/** Characters that mean something to a parser, in any order. */
function ofCharacters(random: Random, delimiter: string, blanks: readonly string[]): string {
  const alphabet = ["a", "b", '"', '"', '""', delimiter, delimiter, "\n", "\r", "\r\n", ...blanks];
  return Array.from({ length: random.below(30) }, () => random.of(alphabet)).join("");
}

function cases(count: number): Case[] {
  const random = new Random(10);
  return Array.from({ length: count }, () => {
    const delimiter = random.of([",", ";", "\t", "|"]);
    const skipEmptyLines = random.below(2) === 0;
    // Python has no notion of a line of blanks, so that there are none where empty lines are left out.
    const blanks = skipEmptyLines ? [] : [" "];
    const text = random.below(2) === 0 ? ofCells(random, delimiter) : ofCharacters(random, delimiter, blanks);
    return { text: (random.below(4) === 0 ? "\ufeff" : "") + text, delimiter, skipEmptyLines };
  });
}

/** The table that Python's rows make: as wide as the first of them, or refused for text beyond it. */
function expected(rows: string[][], skipEmptyLines: boolean): string[][] | string {
  const kept = skipEmptyLines ? rows.filter((row) => row.length > 0) : rows.map((row) => (row.length > 0 ? row : [""]));
  const width = kept[0]?.length ?? 0;
  const surplus = kept.some((row) => row.slice(width).some((cell) => cell !== ""));
  if (surplus) return "DESERIALIZATION_FAILED";
  return kept.map((row) => Array.from({ length: width }, (_, i) => row[i] ?? ""));
}

async function read({ text, delimiter, skipEmptyLines }: Case, asBytes: boolean): Promise<string[][] | string> {
  const data = asBytes ? Buffer.from(text) : text;
  try {
    const { records } = await run("spreadsheet", {}, { data, delimiter, skipEmptyLines, hasHeaders: false });
    return (records as Record<string, string>[]).map((record) => Object.values(record));
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("a CSV text", () => {
  it.skipIf(!python)(
    "has the rows that Python's csv module finds in it (skipped where there is no python3)",
    async () => {
      const files = cases(5_000);
      const input = JSON.stringify(files.map(({ text, delimiter }) => [text, delimiter]));
      const answer = spawnSync("python3", ["-c", PYTHON], { input, encoding: "utf8", maxBuffer: 1 << 28 });
      expect(answer.stderr).toBe("");
      const rows = JSON.parse(answer.stdout) as string[][][];
      expect(rows.length).toBe(files.length);
      const differing: unknown[] = [];
      for (const [i, file] of files.entries()) {
        const wanted = expected(rows[i] as string[][], file.skipEmptyLines);
        const found = await read(file, i % 2 === 0);
        if (JSON.stringify(found) !== JSON.stringify(wanted)) differing.push({ ...file, found, wanted });
      }
      expect(differing).toEqual([]);
    },
  );
});
