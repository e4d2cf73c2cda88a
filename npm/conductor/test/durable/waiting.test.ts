import { describe, expect, it } from "vitest";

import { group, leaf } from "../contract/flows.js";
import { crashingProcesses, isStatus, keysOf, line } from "./stopped-processes.js";
import { pass, settled } from "./stopped-time.js";
import { memory, World } from "./world.js";

const pay = (id: string) => leaf(id, { type: "pay" });
const ask = (parameters: object = {}, id = "approval") =>
  leaf(id, {
    type: "wait-for-input",
    parameters: {
      message: "Pay it?",
      form: { type: "object", required: ["ok"], properties: { ok: { type: "boolean" } } },
      ...parameters,
    },
  });
const invoice = (parameters?: object) => line("invoice", pay("before"), ask(parameters), pay("after"));

const start = crashingProcesses(line("warm", ask({ waitFor: 1, default: { ok: true } })));

describe("an execution that waits for people", () => {
  it("leaves memory, is listed with its question, and goes on with the answer", async () => {
    const world = new World();
    const store = memory();
    const { conductor } = start(world, store);
    const told: string[] = [];
    conductor.executions.onQuestion(({ id }) => told.push(id));
    const result = conductor.node.run(invoice(), { executionId: "one" });
    await isStatus(store, "one", "waiting");
    expect(await store.get("one")).toMatchObject({ reason: "Waits for an answer: Pay it?" });
    await pass(1_500);
    expect(await memory(store).claim("nothing")).toBeUndefined();
    const [question, ...others] = await conductor.executions.waiting();
    expect(others).toEqual([]);
    expect(question).toMatchObject({ id: "one/approval", executionId: "one", nodeId: "approval", message: "Pay it?" });
    expect(question?.form).toMatchObject({ required: ["ok"] });
    await conductor.executions.answer("one", { ok: true });
    await isStatus(store, "one", "completed");
    expect((await result).outputs).toMatchObject({ approval: { result: { ok: true }, answered: true } });
    expect(await conductor.executions.waiting()).toEqual([]);
    expect(told).toEqual(["one/approval"]);
    expect(keysOf(world)).toEqual(["one/before", "one/after"]);
  });

  it("is forked while it waits, and the fork asks by itself, whichever process answers", async () => {
    const world = new World();
    const store = memory();
    const { conductor } = start(world, store);
    void conductor.node.run(invoice(), { executionId: "one" });
    await isStatus(store, "one", "waiting");
    await conductor.executions.fork("one", { executionId: "two" });
    await isStatus(store, "two", "waiting");
    await pass(1_500);
    void conductor.shutdown();
    await settled();
    const other = start(world, memory(store));
    const asked = await other.conductor.executions.waiting();
    expect(asked.map(({ id }) => id).sort()).toEqual(["one/approval", "two/approval"]);
    await other.conductor.executions.answer("two", { ok: false });
    await isStatus(store, "two", "completed");
    const result = await other.conductor.executions.result("two");
    expect(result).toMatchObject({ reused: ["before"], outputs: { approval: { result: { ok: false } } } });
    expect(await store.get("one")).toMatchObject({ status: "waiting" });
    expect(keysOf(world)).toEqual(["one/before", "two/after"]);
    expect((await other.conductor.executions.cancel("one")) ?? (await store.get("one"))?.status).toBe("cancelled");
    expect(await store.get("two")).toMatchObject({ status: "completed" });
  });

  it("is answered by a process that never had it, which checks the answer", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(invoice(), { executionId: "one" });
    await isStatus(store, "one", "waiting");
    one.crash();
    const { conductor } = start(world, memory(store));
    expect(await conductor.recover()).toMatchObject({ resumed: [], sleeping: 0, waiting: 1 });
    expect((await conductor.executions.waiting("one")).map(({ id }) => id)).toEqual(["one/approval"]);
    expect(await conductor.executions.waiting("two")).toEqual([]);
    await expect(conductor.executions.answer("one", { ok: "perhaps" })).rejects.toMatchObject({
      code: "INVALID_PARAMETERS",
      message: expect.stringContaining("Pay it?"),
    });
    await expect(conductor.executions.answer("two", { ok: true })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
    // It is still asked, once it left memory again as well.
    await pass(2_000);
    expect(await store.get("one")).toMatchObject({ status: "waiting" });
    await conductor.executions.answer("one/approval", { ok: true });
    await isStatus(store, "one", "completed");
    await expect(conductor.executions.answer("one", { ok: true })).rejects.toMatchObject({ code: "NODE_NOT_FOUND" });
  });

  it("is refused an answer while another process has it", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(invoice(), { executionId: "one" });
    await isStatus(store, "one", "waiting");
    const { conductor } = start(world, memory(store));
    await expect(conductor.executions.answer("one", { ok: true })).rejects.toThrow("under way in another process");
  });

  it("asks nothing again of which the answer was told, crashed at every write", async () => {
    for (const before of [true, false]) {
      for (let point = 0; ; point++) {
        expect(point, "no point is beyond the end").toBeLessThan(40);
        const world = new World();
        const store = memory();
        const one = start(world, store, {}, point, before);
        let isOver = false;
        const run = one.conductor.node.run(invoice(), { executionId: "one" }).then(() => {
          isOver = true;
        });
        await pass(3_000);
        let isAnswered = false;
        void one.conductor.executions
          .answer("one", { ok: true })
          .then(() => {
            isAnswered = true;
          })
          .catch(() => {});
        await pass(1_000);
        if (isOver) {
          await run;
          expect(one.writes).toBeGreaterThan(5);
          break;
        }
        const two = start(world, memory(store));
        const { blocked } = await two.conductor.recover();
        expect(blocked).toEqual([]);
        if ((await store.get("one")) === undefined) void two.conductor.node.run(invoice(), { executionId: "one" });
        await pass(3_000);
        const asked = await two.conductor.executions.waiting();
        if (isAnswered) expect(asked, `crashed at write ${point}`).toEqual([]);
        if (asked.length > 0) await two.conductor.executions.answer("one", { ok: false });
        await isStatus(store, "one", "completed");
        expect([...world.steps()].sort(), `crashed at write ${point}`).toEqual(["one/after", "one/before"]);
        expect(world.keysWithTwoInputs()).toEqual([]);
        await two.conductor.shutdown();
      }
    }
  });

  it("takes the default when the question was open for its time, over a restart", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(invoice({ waitFor: "1h", default: { ok: false } }), { executionId: "one" });
    await isStatus(store, "one", "waiting");
    const [before] = await one.conductor.executions.waiting();
    await pass(2_000);
    one.crash();
    await pass(1_800_000);
    const two = start(world, memory(store));
    await two.conductor.recover();
    const [after] = await two.conductor.executions.waiting();
    expect(after).toEqual(before);
    expect((await store.get("one"))?.wakeAt).toBeLessThanOrEqual((before?.openUntil as number) + 1);
    // An answer that does not fit gives it no more time.
    await expect(two.conductor.executions.answer("one", 1)).rejects.toThrow("does not fit");
    await pass(1_700_000);
    expect(await store.get("one")).toMatchObject({ status: "waiting" });
    await pass(110_000);
    await isStatus(store, "one", "completed");
    expect(await two.conductor.executions.value("one", "approval")).toEqual({ result: { ok: false }, answered: false });
  });

  it("asks several things at once, which are answered one by one", async () => {
    const world = new World();
    const store = memory();
    const both = group("both", [ask({}, "first"), ask({ message: "And this?" }, "second")], []) as never;
    const one = start(world, store, { concurrency: 2 });
    const result = one.conductor.node.run(both, { executionId: "one" });
    await isStatus(store, "one", "waiting");
    await pass(1_500);
    const { executions } = one.conductor;
    expect((await executions.waiting()).map(({ id }) => id).sort()).toEqual(["one/first", "one/second"]);
    await expect(executions.answer("one", { ok: true })).rejects.toThrow("asks 2 questions");
    await executions.answer("one/second", { ok: true });
    await pass(2_000);
    expect((await executions.waiting()).map(({ id }) => id)).toEqual(["one/first"]);
    await executions.answer("one", { ok: true });
    await isStatus(store, "one", "completed");
    expect((await result).success).toBe(true);
  });
});

describe("an execution that is paused", () => {
  const steps = line(
    "steps",
    pay("first"),
    leaf("rest", { type: "delay", parameters: { duration: "1m" } }),
    pay("second"),
  );

  it("stays so over a restart, until it is resumed", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(steps, { executionId: "one" });
    await pass(300);
    await one.conductor.node.pause("one");
    await isStatus(store, "one", "paused");
    one.crash();
    await pass(100_000);
    const two = start(world, memory(store));
    expect(await two.conductor.recover()).toEqual({
      resumed: [],
      blocked: [],
      elsewhere: [],
      paused: [{ executionId: "one", flowId: "steps" }],
      sleeping: 0,
      waiting: 0,
    });
    await pass(10_000);
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    await expect(two.conductor.node.run(steps, { executionId: "one" })).resolves.toMatchObject({
      error: { code: "INVALID_PARAMETERS", message: expect.stringContaining("is paused") },
    });
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    expect(keysOf(world)).toEqual(["one/first"]);
    await two.conductor.node.resume("one");
    await isStatus(store, "one", "completed");
    expect(keysOf(world)).toEqual(["one/first", "one/second"]);
  });

  it("leaves memory, and is resumed by its own process and by another", async () => {
    for (const isOwn of [true, false]) {
      const world = new World();
      const store = memory();
      const one = start(world, store);
      const result = one.conductor.node.run(steps, { executionId: "one" });
      await pass(300);
      await one.conductor.node.pause("one");
      await pass(2_000);
      expect(await one.conductor.node.active()).toMatchObject([{ executionId: "one", paused: true }]);
      expect(await store.get("one")).toMatchObject({ status: "paused" });
      await pass(100_000);
      const two = start(world, memory(store));
      const { conductor } = isOwn ? one : two;
      void conductor.executions.resume("one");
      await isStatus(store, "one", "completed");
      await pass(10_000);
      expect((await result).success).toBe(true);
      expect(keysOf(world)).toEqual(["one/first", "one/second"]);
    }
  });

  it("is paused in its sleep, and cancelled in its pause", async () => {
    const world = new World();
    const store = memory();
    const one = start(world, store);
    void one.conductor.node.run(steps, { executionId: "one" });
    await isStatus(store, "one", "sleeping");
    one.crash();
    const two = start(world, memory(store));
    await two.conductor.node.pause("one");
    expect(await store.get("one")).toMatchObject({ status: "paused" });
    expect(await store.get("one")).not.toHaveProperty("wakeAt");
    await pass(100_000);
    expect(keysOf(world)).toEqual(["one/first"]);
    await two.conductor.node.cancel("one");
    expect(await store.get("one")).toMatchObject({ status: "cancelled" });
    expect(keysOf(world)).toEqual(["one/first"]);
  });
});
