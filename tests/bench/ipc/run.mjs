/** Only this row: `node tests/bench/ipc/run.mjs [--quick]`. The package must have been built. */
import { formatLine } from "../report.mjs";
import { ipc } from "./row.mjs";

for await (const line of ipc(undefined, { quick: process.argv.includes("--quick") })) {
  process.stdout.write(formatLine(line));
}
