/** Rows that are streamed pass through a process in batches, however large their file is. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

/** MiB of memory beyond what nodes take that do nothing with a file of one row: the batches of some threads, and heap that is not collected yet. */
const MOST = 160;
/** MiB of the heap of JavaScript, so that it is collected in time on a machine with much memory. */
const HEAP = 96;

const folder = mkdtempSync(join(tmpdir(), "conductor-streams-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const [small, big, others] = ["small.csv", "big.csv", "others.csv"].map((name) => join(folder, name));
const WORDS = "and further words ".repeat(30);
const row = (id) => `${id},${(id * 7919) % 5000},${id % 4},"a comment, number ${id % 1000}, ${WORDS}"\n`;
const HEADERS = "id,customer,region,comment\n";
writeFileSync(small, HEADERS + row(0));
const file = openSync(big, "w");
writeSync(file, HEADERS);
const ROWS = 600_000;
for (let id = 0; id < ROWS; ) {
  const lines = [];
  for (; lines.length < 5_000; id++) lines.push(row(id));
  writeSync(file, lines.join(""));
}
closeSync(file);
// Every second customer has a name.
writeFileSync(others, `customer,name\n${Array.from({ length: 2500 }, (_, i) => `${2 * i},name ${i}\n`).join("")}`);

/** Reads a file as a stream, has nodes pass it on and writes it, in a process of its own: rows written, and its most memory in MiB. */
function passed(path, node) {
  const script = `
    import { getNodeExecutable } from "@atomiton/nodes/executables";
    const run = (type, input, parameters) => getNodeExecutable(type).execute({ input, ...parameters });
    const rows = await run("spreadsheet", undefined, { path: ${JSON.stringify(path)}, stream: true });
    const others = await run("spreadsheet", undefined, { path: ${JSON.stringify(others)} });
    const passed = await (${node})(rows, others, run);
    const { rowCount } = await run("spreadsheet", passed, { operation: "write", path: ${JSON.stringify(join(folder, "out.csv"))} });
    console.log(JSON.stringify({ rowCount, most: process.resourceUsage().maxRSS / 1024 }));`;
  return JSON.parse(
    execFileSync(process.execPath, [`--max-old-space-size=${HEAP}`, "--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      encoding: "utf8",
      timeout: 600_000,
      killSignal: "SIGKILL",
    }),
  );
}

const joined = (how) =>
  `(rows, others, run) => run("join", { left: rows, right: others }, { on: ["customer"], how: "${how}" })`;
const mapped = `(rows, _, run) => run("transform", rows, {
  operation: "map", timeout: 600_000, transformFunction: "(row, i) => ({ id: Number(row.id), comment: row.comment, i })" })`;

for (const [name, node, count] of [
  ["an inner join", joined("inner"), ROWS / 2],
  ["a left join", joined("left"), ROWS],
  ["a full join", joined("full"), ROWS],
  ["a function of map", mapped, ROWS],
]) {
  test(`${name} takes far less memory than its file has`, () => {
    const [least, most] = [passed(small, node), passed(big, node)];
    assert.equal(most.rowCount, count);
    assert.ok(most.most - least.most < MOST, `${Math.round(most.most)} and ${Math.round(least.most)} MiB`);
  });
}
