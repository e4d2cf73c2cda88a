/** Python nodes of a run share a process, which ends with the run. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConductor } from "@atomiton/conductor/node";
import { afterAll, describe, expect, it } from "vitest";

import { group, leaf } from "./contract/flows";

const folder = mkdtempSync(join(tmpdir(), "python-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const python = (id: string, code = "import os\nresult = os.getpid()") =>
  leaf(id, { type: "python", parameters: { code } });

/** Ends when a process is gone. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const pidsOf = (data: unknown): number[] =>
  (data as { result: { result: number }[] }).result.map(({ result }) => result);

describe("the process of python nodes", () => {
  it("is one for a run and its loops, and ends with it", async () => {
    const conductor = createConductor({ concurrency: 4 });
    const loop = { ...group("l", [python("p")]), type: "loop", parameters: { count: 4, concurrency: 4 } };
    const first = await conductor.flow.run(group("f", [loop]));
    expect(first.error).toBeUndefined();
    const pids = pidsOf(first.data);
    expect([pids.length, new Set(pids).size]).toEqual([4, 1]);
    const second = await conductor.flow.run(group("f", [loop]));
    expect(pidsOf(second.data)[0]).not.toBe(pids[0]);
    await Promise.all([...pids, ...pidsOf(second.data)].map(gone));
  });

  it("is another one for each of two runs at once", async () => {
    const conductor = createConductor();
    const flow = group("f", [python("p")]);
    const results = await Promise.all([1, 2, 3].map(() => conductor.flow.run(flow)));
    const pids = results.map(({ data }) => (data as { result: number }).result);
    expect(new Set(pids).size).toBe(3);
    await Promise.all(pids.map(gone));
  });

  it("is ended when the run is cancelled while code runs, and when it fails", async () => {
    const conductor = createConductor();
    const path = join(folder, "pid");
    const endless = python(
      "b",
      `import os\nopen(${JSON.stringify(path)}, "w").write(str(os.getpid()))\nwhile True: pass`,
    );
    const running = conductor.node.run(group("f", [python("a"), endless]), { executionId: "endless" });
    while (!existsSync(path) || readFileSync(path, "utf8") === "")
      await new Promise((resolve) => setTimeout(resolve, 5));
    await conductor.node.cancel("endless");
    expect((await running).error?.code).toBe("CANCELLED");
    await gone(Number(readFileSync(path, "utf8")));
    const failed = await conductor.flow.run(group("f", [python("a"), python("b", "1/0")]));
    expect(failed.error?.message).toContain("ZeroDivisionError: division by zero (line 1: 1/0)");
    expect(failed.error?.nodeId).toBe("b");
  });

  it("is a new one after a crash, for the further try of the node that failed by it", async () => {
    const mark = join(folder, "crashed");
    const crash = `
import os
from pathlib import Path

mark = Path(${JSON.stringify(mark)})
if not mark.exists():
    mark.write_text(str(os.getpid()))
    os._exit(7)
result = os.getpid()`;
    const node = { ...python("b", crash), policy: { retries: 1, retryDelay: 1 } };
    const { data, error } = await createConductor().flow.run(group("f", [node]));
    expect(error).toBeUndefined();
    const pid = (data as { result: number }).result;
    expect(pid).not.toBe(Number(readFileSync(mark, "utf8")));
    await gone(pid);
  });
});
