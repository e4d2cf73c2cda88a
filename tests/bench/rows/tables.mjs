import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { groupByAim, joinAim, largeFileAim, largeMemoryAim } from "../aims.mjs";
import { writeTable } from "../csv/table.mjs";
import { writeOrders } from "../csv/tables.mjs";
import { Subject } from "../subject.mjs";

const PEER = "duckdb";
/** Rows of a file of some 2 GB. */
const LARGE_ROWS = 36_000_000;
const LARGE_LIMIT_MS = 600_000;

/**
 * Larger tables beside DuckDB: a CSV of a million rows filtered and grouped, joined with one of a hundred thousand, and a file
 * of 2 GB filtered, grouped and written again with the peak of memory. Every subject reads the files in each run.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: a tenth of the rows, a fortieth of the large file
 */
export async function* tables(bench, { quick, backends }) {
  // Tables are the addon's work, whatever runs the flow.
  if (!backends.includes("native")) return;
  const folder = await mkdtemp(join(process.env.BENCH_FOLDER ?? tmpdir(), "bench-tables-"));
  const path = (name) => join(folder, name);
  const scale = quick ? 10 : 1;
  try {
    const source = path("orders.csv");
    const rows = 1_000_000 / scale;
    const expected = await writeTable(source, rows);
    const compared = async (work, names, files, wanted) => {
      const params = (name) => ({ work, target: path(`${name.replaceAll(" ", "-")}.json`), ...files });
      const figures = await bench.compare(
        names.map((name) => ({ name, method: "prepareTables", params: params(name) })),
      );
      for (const name of names) {
        if (figures[name].missing === undefined && !(await wrote(params(name).target, wanted, name))) {
          figures[name] = { missing: "wrong result" };
        }
      }
      return figures;
    };

    const grouping = ["conductor native", "conductor native streamed", PEER];
    const grouped = await compared("group-by", grouping, { source }, expected);
    yield {
      row: "CSV → filter → group by → JSON file",
      work: `${rows.toLocaleString("en")} rows, ${megabytes((await stat(source)).size).toFixed(0)} MB`,
      unit: "ms",
      figures: grouped,
      ratios: ratios(grouped, grouping, groupByAim),
    };

    const files = { orders: path("join-orders.csv"), customers: path("customers.csv") };
    const bySegment = await writeOrders(files, { orders: rows, customers: rows / 10 });
    const joining = ["conductor native", PEER];
    const joined = await compared("join", joining, files, bySegment);
    yield {
      row: "two CSVs → join → group by → JSON file",
      work: `${rows.toLocaleString("en")} × ${(rows / 10).toLocaleString("en")} rows`,
      unit: "ms",
      figures: joined,
      ratios: ratios(joined, joining, joinAim),
    };

    yield* large(path, LARGE_ROWS / (quick ? 40 : 1));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One run of a large file in a new process each, which tells its time and its peak of memory. */
async function* large(path, rows) {
  const source = path("large.csv");
  const expected = await writeTable(source, rows);
  const { size } = await stat(source);
  const names = ["conductor native streamed", PEER];
  const [times, peaks] = [{}, {}];
  for (const name of names) {
    const target = path("large.json");
    const subject = new Subject(name);
    try {
      const params = { work: "large", source, target, filtered: path("filtered.csv") };
      const { ms, peak } = await subject.ask("largeTable", params, LARGE_LIMIT_MS);
      const right = await wrote(target, expected, name);
      times[name] = right ? once(ms) : { missing: "wrong result" };
      peaks[name] = right ? once(megabytes(peak)) : { missing: "wrong result" };
    } catch (error) {
      times[name] = peaks[name] = { missing: error.message };
    } finally {
      subject.stop();
      await rm(path("filtered.csv"), { force: true });
    }
  }
  const work = `${rows.toLocaleString("en")} rows, ${megabytes(size).toFixed(0)} MB`;
  const row = "CSV → filter → group by → JSON file, and → CSV file";
  yield { row, work, unit: "ms", figures: times, ratios: ratios(times, names, largeFileAim) };
  const peak = peaks[names[0]].median;
  const aims = peak === undefined ? [] : [largeMemoryAim(`${names[0]} in MB`, peak)];
  yield { row: "peak memory of the same process", work, unit: "MB", figures: peaks, ratios: aims };
}

async function wrote(target, expected, name) {
  const bySize = (groups) => [...groups].sort((one, other) => one.total - other.total);
  // Sums of DuckDB are integers too large for JSON's numbers only where these are.
  const written = JSON.parse(await readFile(target, "utf8"));
  const right = isDeepStrictEqual(
    bySize(written.map((group) => ({ ...group, orders: Number(group.orders), total: Number(group.total) }))),
    bySize(expected),
  );
  if (!right)
    process.stderr.write(
      `${name} wrote ${JSON.stringify(written).slice(0, 200)} instead of ${JSON.stringify(expected)}\n`,
    );
  return right;
}

function ratios(figures, names, aim) {
  return names
    .filter((name) => name !== PEER)
    .map((name) => aim(`${name} / ${PEER}`, figures[name].median / figures[PEER].median))
    .filter(({ value }) => Number.isFinite(value));
}

function once(value) {
  return { median: value, fastest: value, slowest: value, samples: 1, batch: 1 };
}

function megabytes(bytes) {
  return bytes / 1e6;
}
