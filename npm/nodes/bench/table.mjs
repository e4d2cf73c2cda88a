// A CSV of 100,000 rows → filter → aggregate → JSON file: the native nodes beside plain JavaScript with papaparse.
// Each side runs in processes of its own, one per round, so that neither warms up or fills the heap of the other.
// Usage: node bench/table.mjs [rounds]
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROWS = 100_000;

const [side, csv, target] = process.argv.slice(2);
if (csv !== undefined) await measure(side, csv, target);
else compare(Number(side ?? 7));

function compare(rounds) {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const path = join(folder, "orders.csv");
    writeOrders(path);
    const size = statSync(path).size;
    const results = { native: [], plain: [] };
    const answers = new Set();
    for (let round = 0; round < rounds; round++) {
      for (const name of ["native", "plain"]) {
        const out = join(folder, `${name}.json`);
        const line = execFileSync(process.execPath, [fileURLToPath(import.meta.url), name, path, out], {
          encoding: "utf8",
        });
        results[name].push(JSON.parse(line));
        answers.add(readFileSync(out, "utf8"));
      }
    }
    if (answers.size !== 1) throw new Error("the two sides do not agree");
    const middle = (name, key) =>
      results[name].map((result) => result[key]).sort((a, b) => a - b)[Math.floor(rounds / 2)];
    const row = (name) => ({
      "first ms": +middle(name, "first").toFixed(1),
      "warm ms": +middle(name, "warm").toFixed(1),
      "peak / file": +(middle(name, "peak") / size).toFixed(2),
    });
    console.log(`${ROWS} rows, ${(size / 1e6).toFixed(1)} MB, medians of ${rounds} processes`);
    console.table({ native: row("native"), "plain (papaparse)": row("plain") });
    for (const key of ["first", "warm"]) {
      console.log(`${key}: ${(middle("plain", key) / middle("native", key)).toFixed(1)} × faster`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(side, csv, target) {
  const work = side === "native" ? await nativeWork(csv, target) : await plainWork(csv, target);
  await work("warm-up of the modules, not of the work", `${csv}.small`);
  const before = peakMemory();
  const started = performance.now();
  await work("first", csv);
  const first = performance.now() - started;
  const peak = peakMemory() - before;
  const times = [];
  for (let i = 0; i < 5; i++) {
    const start = performance.now();
    await work("warm", csv);
    times.push(performance.now() - start);
  }
  const warm = times.sort((a, b) => a - b)[2];
  console.log(JSON.stringify({ first, warm, peak }));
}

async function nativeWork(_csv, target) {
  const { nodes } = await import("../dist/executables.js");
  const run = (type, input, parameters) => nodes[type].execute({ nodeId: "n", executionId: "e", input, ...parameters });
  return async (_round, path) => {
    const table = await run("spreadsheet", undefined, { path });
    const open = await run(
      "transform",
      { data: table },
      {
        operation: "filter",
        where: [
          { field: "status", operator: "eq", value: "open" },
          { field: "price", operator: "gt", value: 10 },
        ],
      },
    );
    const totals = await run(
      "transform",
      { data: open },
      {
        operation: "aggregate",
        groupBy: "customer",
        aggregates: [
          { operation: "count" },
          { operation: "sum", field: "quantity" },
          { operation: "max", field: "price" },
        ],
      },
    );
    await run("file-system", { content: totals }, { operation: "write", path: target });
  };
}

async function plainWork(_csv, target) {
  const { default: Papa } = await import("papaparse");
  return async (_round, path) => {
    const { data } = Papa.parse(readFileSync(path, "utf8"), { header: true, skipEmptyLines: true });
    const open = data.filter((row) => row.status === "open" && Number(row.price) > 10);
    const groups = new Map();
    for (const row of open) {
      let group = groups.get(row.customer);
      if (!group) {
        group = { customer: row.customer, count: 0, sum_quantity: 0, max_price: -Infinity };
        groups.set(row.customer, group);
      }
      group.count++;
      group.sum_quantity += Number(row.quantity);
      group.max_price = Math.max(group.max_price, Number(row.price));
    }
    writeFileSync(target, JSON.stringify([...groups.values()], null, 2));
  };
}

/** The highest resident size so far, in bytes. */
function peakMemory() {
  return process.resourceUsage().maxRSS * 1024;
}

function writeOrders(path) {
  const regions = ["north", "south", "east", "west", "centre"];
  const header = "id,region,customer,product,quantity,price,status,comment\n";
  const line = (i) =>
    `${i},${regions[i % 5]},customer-${(i * 7919) % 977},product-${i % 89},${(i % 7) + 1},${(i % 1000) / 10},${
      i % 3 === 0 ? "open" : "closed"
    },"comment ${i}, with a delimiter and more words in it"\n`;
  writeFileSync(`${path}.small`, header + line(0) + line(303));
  const file = openSync(path, "w");
  writeSync(file, header);
  for (let start = 0; start < ROWS; start += 1000) {
    writeSync(file, Array.from({ length: 1000 }, (_item, i) => line(start + i)).join(""));
  }
  closeSync(file);
}
