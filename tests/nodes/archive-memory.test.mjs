/** Archives pass through a process in pieces, however large the files in them are. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";

const MIB = 1024 * 1024;
const SIZE = 400 * MIB;

const folder = mkdtempSync(join(tmpdir(), "conductor-archives-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const big = join(folder, "big.bin");
writeFileSync(big, "");
truncateSync(big, SIZE);

/** Runs an archive node in a process of its own; what it gave, and the most memory that the process had. */
function archive(parameters) {
  const script = `
    import { getNodeExecutable } from "@atomiton/nodes/executables";
    const call = { nodeId: "n", executionId: "e", input: {}, ...${JSON.stringify(parameters)} };
    const { size } = await getNodeExecutable("archive").execute(call);
    console.log(JSON.stringify({ size, most: process.resourceUsage().maxRSS * 1024 }));`;
  return JSON.parse(
    execFileSync(process.execPath, ["--input-type=module", "--eval", script], {
      cwd: import.meta.dirname,
      encoding: "utf8",
    }),
  );
}

for (const format of ["zip", "tar", "tar.gz"]) {
  test(`${format}: a file of 400 MiB is packed, listed and unpacked in less memory than it has`, () => {
    const path = join(folder, `big.${format}`);
    const made = archive({ operation: "create", path, folder, files: [big], level: format === "tar" ? 6 : 1 });
    const limits = { maxRatio: 2000 };
    const listed = archive({ operation: "list", path, ...limits });
    const taken = archive({ operation: "extract", path, folder: join(folder, `out.${format}`), ...limits });
    assert.deepEqual([listed.size, taken.size], [SIZE, SIZE]);
    for (const { most } of [made, listed, taken]) assert.ok(most < 250 * MIB, `${Math.round(most / MIB)} MiB`);
    rmSync(join(folder, `out.${format}`), { recursive: true });
    rmSync(path);
  });
}
