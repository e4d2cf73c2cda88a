import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { csvMemoryAim, csvTimeAim } from "../aims.mjs";
import { writeTable } from "../csv/table.mjs";
import { FEWEST_SAMPLES, median } from "../measure.mjs";
import { Subject } from "../subject.mjs";
import { PLAIN_CSV } from "../subjects/index.mjs";

const ROWS = 100_000;

/**
 * A table of 100,000 rows: read CSV, filter, aggregate, write a JSON file. Measured in time, and in memory above
 * what the same process needs for a table of a single row.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: without the streaming form, which is no faster
 */
export async function* csv(bench, { quick, backends }) {
  // Tables are the addon's work, whatever runs the flow.
  const own = backends.filter((backend) => backend === "native").map((backend) => `conductor ${backend}`);
  if (own.length === 0) return;
  const plainForms = quick ? PLAIN_CSV.slice(0, 2) : PLAIN_CSV;
  const names = [...plainForms, ...own];
  const folder = await mkdtemp(join(tmpdir(), "bench-csv-"));
  try {
    const source = join(folder, "orders.csv");
    const single = join(folder, "single.csv");
    const target = (name) => join(folder, `${name.replaceAll(" ", "-")}.json`);
    const expected = await writeTable(source, ROWS);
    await writeTable(single, 1);
    const { size } = await stat(source);

    const times = await bench.compare(
      names.map((name) => ({ name, method: "prepareCsv", params: { source, target: target(name) } })),
    );
    for (const name of names) {
      if (times[name].missing !== undefined) continue;
      const written = await readFile(target(name), "utf8");
      if (!isDeepStrictEqual(JSON.parse(written), expected)) {
        process.stderr.write(`${name} wrote ${written.slice(0, 200)} instead of ${JSON.stringify(expected)}\n`);
        times[name] = { missing: "wrong result" };
      }
    }
    const plain = Math.min(...plainForms.map((name) => times[name].median).filter(Number.isFinite));
    yield {
      row: "CSV → filter → aggregate → JSON file",
      work: `${ROWS.toLocaleString("en")} rows, ${megabytes(size).toFixed(1)} MB`,
      unit: "ms",
      figures: times,
      ratios: own
        .map((name) => csvTimeAim(`fastest plain / ${name}`, plain / times[name].median))
        .filter(({ value }) => Number.isFinite(value)),
    };

    const measurable = names.filter((name) => times[name].missing === undefined);
    const memory = await peaksAboveBaseline(bench, measurable, { source, single, target });
    yield {
      row: "peak memory of the same above baseline",
      work: `${ROWS.toLocaleString("en")} rows, ${megabytes(size).toFixed(1)} MB`,
      unit: "MB",
      figures: memory,
      ratios: own
        .filter((name) => memory[name] !== undefined)
        .map((name) => csvMemoryAim(`${name} / size of the file`, (memory[name].median * 1e6) / size)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Each figure is the peak of a new process less that of another new process given the table of one row. */
async function peaksAboveBaseline(bench, names, { source, single, target }) {
  const peaks = new Map(names.map((name) => [name, { full: [], baseline: [] }]));
  for (let round = 0; round < FEWEST_SAMPLES; round += 1) {
    for (const [name, { full, baseline }] of peaks) {
      const ask = async (table) => {
        const subject = new Subject(name);
        try {
          return await subject.ask("peakAfterCsv", { source: table, target: target(name) }, bench.limitMs);
        } finally {
          subject.stop();
        }
      };
      const [alone, loaded] = await Promise.all([ask(single), ask(source)]);
      baseline.push(alone);
      full.push(loaded);
    }
  }
  return Object.fromEntries(
    [...peaks].map(([name, { full, baseline }]) => [
      name,
      {
        median: megabytes(median(full) - median(baseline)),
        fastest: megabytes(Math.min(...full) - median(baseline)),
        slowest: megabytes(Math.max(...full) - median(baseline)),
        samples: full.length,
        batch: 1,
      },
    ]),
  );
}

function megabytes(bytes) {
  return bytes / 1e6;
}
