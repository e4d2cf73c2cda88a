/** A Python process ends with the process that runs the flow, even if that one is killed while code runs. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const CODE = `
import os, subprocess, sys
child = subprocess.Popen(["sleep", "1000"])
# At once, since what is printed is told as it comes.
sys.stdout.write(f"{os.getpid()} {child.pid}\\n")
while True:
    pass
`;

const SCRIPT = `
  import { getNodeExecutable } from "@atomiton/nodes/executables";
  const progress = (_, message) => console.log(message);
  await getNodeExecutable("python").execute({ nodeId: "n", executionId: "e", input: {}, code: ${JSON.stringify(CODE)}, progress });`;

function isThere(pid) {
  try {
    process.kill(pid, 0);
    // What has ended may wait for a parent that does not look.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

for (const signal of ["SIGKILL", "SIGTERM"]) {
  test(`it ends with a process that ${signal} ends, and so does what the code started`, async () => {
    const runner = spawn(process.execPath, ["--input-type=module", "--eval", SCRIPT], {
      cwd: import.meta.dirname,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await createInterface(runner.stdout)
      [Symbol.asyncIterator]()
      .next()
      .then(({ value }) => [value]);
    const pids = line.split(" ").map(Number);
    assert.deepEqual(pids.map(isThere), [true, true]);
    runner.kill(signal);
    while (pids.some(isThere)) await sleep(5);
  });
}
