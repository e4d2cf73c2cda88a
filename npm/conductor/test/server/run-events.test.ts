/** Runs whose answer is a stream of what happens in them. */
import { createMemoryExecutions, type ExecutionStore } from "@atomiton/storage";
import { describe, expect, it, vi } from "vitest";
import { rawSocket } from "./raw.js";
import { flowOf, keyOf, serving } from "./serving.js";

const STREAM = { accept: "text/event-stream" };

/** The events of a stream, once it is over. */
async function eventsOf(response: Response) {
  const blocks = (await response.text()).split("\n\n").filter((block) => block.includes("event: "));
  return blocks.map((block) => ({
    event: /^event: (.*)$/m.exec(block)?.[1],
    data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? ""),
  }));
}

describe("a run that is answered with events", () => {
  it("tells of its own execution, and ends with its result", async () => {
    const { post, release } = await serving();
    await post("editor", "/flows", flowOf("slow", "slow"));
    await post("editor", "/flows", flowOf("say"));
    const answer = await post("runner", "/flows/slow/run", { context: { executionId: "one" } }, STREAM);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    // Of another one nothing is told.
    await post("runner", "/flows/f/run", { context: { executionId: "other" } });
    release();
    const events = await eventsOf(answer);
    expect(events[0]).toMatchObject({ event: "node:started", data: { executionId: "one" } });
    expect(events.at(-1)).toMatchObject({
      event: "result",
      data: { success: true, data: "slow", metadata: { executionId: "one" } },
    });
    expect(events.some(({ data }) => JSON.stringify(data).includes("nearly half"))).toBe(true);
    expect(events.filter(({ event }) => event === "node:completed")).toHaveLength(1);
    expect(JSON.stringify(events)).not.toContain("other");
  });

  it("ends with the result of a run that fails, and of one that is sent again with its key", async () => {
    const { post, calls } = await serving();
    await post("editor", "/flows", flowOf("fail", "fails"));
    await post("editor", "/flows", flowOf("say"));
    const failed = await eventsOf(await post("runner", "/flows/fails/run", {}, STREAM));
    expect(failed.at(-1)).toMatchObject({ event: "result", data: { success: false, error: "it fails" } });
    const key = { ...STREAM, "idempotency-key": "order-9" };
    const [first, second] = [
      await eventsOf(await post("runner", "/flows/f/run", {}, key)),
      await eventsOf(await post("runner", "/flows/f/run", {}, key)),
    ];
    const executionId = first.at(-1)?.data.metadata.executionId;
    expect(second.at(-1)?.data.metadata.executionId).toBe(executionId);
    const plain = await post("runner", "/flows/f/run", {}, { "idempotency-key": "order-9" });
    expect(await plain.json()).toMatchObject({ metadata: { executionId } });
    expect(calls).toHaveLength(1);
  });

  it("ends with why where it cannot be carried out, and the server goes on", async () => {
    const memory = createMemoryExecutions();
    let isBroken = false;
    const store: ExecutionStore = {
      ...memory,
      get: (id) => (isBroken ? Promise.reject(new Error("the disk is gone")) : memory.get(id)),
    };
    const isolation = {
      isTaken: true,
      isolates: () => true,
      begins() {
        throw new Error("a defect");
      },
    };
    const { post, ask, server } = await serving({ isolation: isolation as never }, store);
    await post("editor", "/flows", flowOf("say"));
    isBroken = true;
    expect((await post("runner", "/flows/f/run", {}, { ...STREAM, "idempotency-key": "one" })).status).toBe(500);
    isBroken = false;
    const failed = await post("runner", "/flows/f/run", {}, STREAM);
    if (failed.status !== 500) {
      expect(await eventsOf(failed)).toMatchObject([{ event: "refused", data: { code: "INTERNAL_ERROR" } }]);
    }
    expect((await ask("viewer", "/flows")).status).toBe(200);
    await vi.waitFor(() => expect(server.clients).toBe(0));
  });

  it.each(["is over", "lasts"])(
    "goes on while a server ends, as calls of WebSockets do, until its grace %s",
    async (grace) => {
      const { post, ask, apiUrl, close, release } = await serving();
      await post("editor", "/flows", flowOf("hold", "held"));
      const idle = await rawSocket(apiUrl, { token: keyOf("runner") });
      await idle.take(({ type }) => type === "hello");
      const listening = await ask("viewer", "/events");
      const streamed = await post("runner", "/flows/held/run", {}, STREAM);
      const calling = await rawSocket(apiUrl, { token: keyOf("runner") });
      const called = calling.call("conductor", "execute", { flowId: "held" });
      const unanswered = called.catch(() => "unanswered");
      await vi.waitFor(async () => expect(await (await post("viewer", "/node/active")).json()).toHaveLength(2));
      const closed = close(grace === "lasts" ? 1_000_000 : 0);
      if (grace === "lasts") {
        // Those for whom nothing is under way are told to go.
        expect(await idle.closed).toBe(1001);
        await listening.text();
        release();
        expect((await eventsOf(streamed)).at(-1)).toMatchObject({ event: "result", data: { success: true } });
        expect(await called).toMatchObject({ result: { success: true } });
        expect(await calling.closed).toBe(1001);
      } else {
        expect(await streamed.text().catch(() => "cut")).not.toContain("event: result");
        expect(await unanswered).toBe("unanswered");
      }
      await closed;
    },
  );

  it("is refused as any other one is", async () => {
    const { post } = await serving({ limits: { runner: { concurrent: 1, queued: 0 } } });
    await post("editor", "/flows", flowOf("hold", "held"));
    expect((await post("viewer", "/flows/held/run", {}, STREAM)).status).toBe(403);
    expect((await post("runner", "/flows/held/run?wait=1s", {}, STREAM)).status).toBe(400);
    expect((await post("runner", "/flows/held/run", {}, { ...STREAM, "idempotency-key": "ä" })).status).toBe(400);
    const held = await post("runner", "/flows/held/run", {}, STREAM);
    const second = await post("runner", "/flows/held/run", {}, STREAM);
    expect([second.status, second.headers.get("retry-after")]).toEqual([429, "5"]);
    await held.body?.cancel();
    expect(await (await post("viewer", "/node/active")).json()).toHaveLength(1);
  });
});
