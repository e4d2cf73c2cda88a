/** Requests for stored flows that come at the same time: each runs the flow that was saved when it came. */
import { join } from "node:path";
import { openSqliteStore } from "@atomiton/storage";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { SharedReads } from "../../src/api/shared-reads.js";
import { createConductor } from "../../src/exports/node.js";
import { folder } from "../triggers/harness.js";

const flowOf = (value: number) => ({
  id: "flow",
  nodes: [{ id: "value", type: "edit-fields", parameters: { keepOnlySet: true, values: { value } } }],
});

async function conducting(database: string) {
  const store = await openSqliteStore(database);
  const conductor = createConductor({ store, transport: "local" });
  onTestFinished(async () => {
    await conductor.shutdown();
    await store.close();
  });
  return conductor;
}

describe("requests that come together", () => {
  it("run what was saved before each of them, here or by another process", async () => {
    const database = join(folder(), "flows.db");
    const [own, other] = [await conducting(database), await conducting(database)];
    await own.storage.saveFlow(flowOf(0));
    const answers: Promise<{ saved: number; ran: number }>[] = [];
    for (let saved = 1; saved <= 20; saved++) {
      // Reads of the flow before are under way meanwhile.
      for (let at = 0; at < 5; at++) {
        const before = saved - 1;
        answers.push(
          own
            .execute({ flowId: "flow" })
            .then(({ data }) => ({ saved: before, ran: (data as { result: { value: number } }).result.value })),
        );
      }
      await (saved % 2 === 0 ? own : other).storage.saveFlow(flowOf(saved), { overwrite: true });
      expect((await own.execute({ flowId: "flow" })).data).toEqual({ result: { value: saved } });
    }
    for (const { saved, ran } of await Promise.all(answers)) {
      // It may have been saved anew while it was read, but what came before is not run any more.
      expect([saved, saved + 1]).toContain(ran);
    }
    await other.storage.deleteFlow("flow");
    expect(await own.execute({ flowId: "flow" })).toMatchObject({
      success: false,
      metadata: { error: { code: "NODE_NOT_FOUND" } },
    });
  });
});

it("asks storage of the application once for each request", async () => {
  let loads = 0;
  const never = new Promise(() => {});
  const storage = { load: () => (++loads === 1 ? never : { flow: flowOf(1) }), save: () => {} };
  const conductor = createConductor({ storage: storage as never, transport: "local" });
  onTestFinished(() => conductor.shutdown());
  void conductor.execute({ flowId: "flow" });
  void conductor.execute({ flowId: "flow" });
  await vi.waitFor(() => expect(loads).toBe(2));
});

describe("shared reads", () => {
  function reading() {
    const under: { key: string; end(value: string): void; fail(why: Error): void }[] = [];
    const reads = new SharedReads<string>(
      (key) => new Promise((resolve, reject) => under.push({ key, end: resolve, fail: reject })),
    );
    return { reads, under };
  }

  it("begin after they were asked for, and are one for all who asked meanwhile", async () => {
    const { reads, under } = reading();
    const first = reads.of("a");
    const [second, third, other] = [reads.of("a"), reads.of("a"), reads.of("b")];
    expect(under.map(({ key }) => key)).toEqual(["a", "b"]);
    under[0]?.end("old");
    expect(await first).toBe("old");
    // The next one was begun for those who waited; who asks now waits for another one.
    expect(under).toHaveLength(3);
    const fourth = reads.of("a");
    under[2]?.end("new");
    expect(await Promise.all([second, third])).toEqual(["new", "new"]);
    under[3]?.end("newer");
    under[1]?.end("b");
    expect(await Promise.all([fourth, other])).toEqual(["newer", "b"]);
  });

  it("go on after one that failed", async () => {
    const { reads, under } = reading();
    const first = reads.of("a");
    const second = reads.of("a");
    under[0]?.fail(new Error("The disk is gone"));
    await expect(first).rejects.toThrow("The disk is gone");
    under[1]?.end("there");
    expect(await second).toBe("there");
    const third = reads.of("a");
    under[2]?.end("still there");
    expect(await third).toBe("still there");
  });
});
