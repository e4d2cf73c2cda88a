/** Events as a stream, for clients that only listen. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { EventLog, numberAt } from "../../src/server/event-log.js";
import { findMissed } from "../../src/server/stored-events.js";
import { listening, type Told } from "./event-client.js";
import { byKey, flowOf, serving } from "./serving.js";

describe("the stream of events", () => {
  it("comes as such, and is kept by no one on the way", async () => {
    const { apiUrl } = await serving();
    const { response } = await listening(apiUrl);
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
    });
  });

  it("names events by their channels, and numbers them", async () => {
    const { apiUrl, post } = await serving();
    const { next } = await listening(apiUrl);
    for (const id of ["f0", "f1"]) await post("editor", "/flows", flowOf("say", id));
    const [first, second] = [await next(), await next()];
    expect([first.event, first.data.id, second.data.id]).toEqual(["storage:flowSaved", "f0", "f1"]);
    expect(first.id).toMatch(/^[\w-]+:\d+$/);
    expect(Number(second.id.split(":")[1])).toBeGreaterThan(Number(first.id.split(":")[1]));
  });

  it("goes on after the last event that a client had", async () => {
    const { apiUrl, post } = await serving();
    const { next, response } = await listening(apiUrl);
    for (const id of ["f0", "f1", "f2"]) await post("editor", "/flows", flowOf("say", id));
    const { id } = await next();
    response.destroy();
    await post("editor", "/flows", flowOf("say", "f3"));
    const again = await listening(apiUrl, "", { "last-event-id": id });
    await post("editor", "/flows", flowOf("say", "f4"));
    for (const expected of ["f1", "f2", "f3", "f4"]) expect((await again.next()).data.id).toBe(expected);
    const fresh = await listening(apiUrl, "", { "last-event-id": "" });
    await post("editor", "/flows", flowOf("say", "f5"));
    expect((await fresh.next()).data.id).toBe("f5");
  });

  it.each(["garbage", "other-process:1", ":1", "x:-1", `x:${"9".repeat(30)}`, "0:0"])(
    "tells of a gap where it cannot go on: %j",
    async (lastId) => {
      const { apiUrl, post } = await serving();
      const { next } = await listening(apiUrl, "", { "last-event-id": lastId });
      const gap = await next();
      expect(gap.event).toBe("transport:gap");
      await post("editor", "/flows", flowOf("say"));
      expect((await next()).event).toBe("storage:flowSaved");
      // From the gap on, nothing is missing.
      const again = await listening(apiUrl, "", { "last-event-id": gap.id });
      expect((await again.next()).event).toBe("storage:flowSaved");
    },
  );

  it("tells of a gap where more came than is kept", async () => {
    const { apiUrl, conductor, post } = await serving();
    const { next, response } = await listening(apiUrl);
    await post("editor", "/flows", flowOf("say"));
    const { id } = await next();
    for (let index = 0; index < 6; index++) await conductor.node.run(flowOf("large") as never);
    response.destroy();
    const gap = await (await listening(apiUrl, "", { "last-event-id": id })).next();
    // The results of the executions are more than can be told again.
    expect(gap).toMatchObject({ event: "transport:gap", data: { complete: [] } });
  });

  it("goes on for one that came back before it had any event", async () => {
    const { apiUrl, post } = await serving();
    const { first, response } = await listening(apiUrl);
    const id = await first;
    response.destroy();
    await post("editor", "/flows", flowOf("say", "f0"));
    expect((await (await listening(apiUrl, "", { "last-event-id": id })).next()).data.id).toBe("f0");
  });

  it("tells of one execution where that is asked for", async () => {
    const { apiUrl, post } = await serving();
    await post("editor", "/flows", flowOf("say"));
    const one = await listening(apiUrl, "?executionId=one");
    const all = await listening(apiUrl);
    for (const executionId of ["two", "one"]) await post("runner", "/flows/f/run", { context: { executionId } });
    const isLast = ({ event, data }: Told) => event === "node:completed" && data.executionId === "one";
    while (!isLast(await one.next()));
    while (!isLast(await all.next()));
    expect(new Set(one.told.map(({ data }) => data.executionId))).toEqual(new Set(["one"]));
    expect(new Set(all.told.map(({ data }) => data.executionId))).toEqual(new Set(["one", "two"]));
  });

  it("ends with the server, and the client is forgotten when it goes", async () => {
    const { apiUrl, server, close } = await serving();
    const first = await listening(apiUrl);
    const second = await listening(apiUrl);
    expect(server.clients).toBe(2);
    first.response.destroy();
    await vi.waitFor(() => expect(server.clients).toBe(1));
    await close();
    await second.ended;
    expect(second.response.complete).toBe(true);
    expect(server.clients).toBe(0);
  });

  it("is begun by no request for its head", async () => {
    const { ask, server } = await serving();
    for (let index = 0; index < 10; index++) {
      const { status, headers } = await ask("viewer", "/events", { method: "HEAD" });
      expect([status, headers.get("content-type")]).toEqual([200, "text/event-stream"]);
    }
    expect(server.clients).toBe(0);
  });

  it("gives a client up that does not read, and tells others everything", async () => {
    const { apiUrl, server, conductor } = await serving();
    const slow = await listening(apiUrl);
    slow.response.pause();
    const { next } = await listening(apiUrl, "?executionId=last");
    expect(server.clients).toBe(2);
    let runs = 0;
    for (; server.clients > 1 && runs < 100; runs++) await conductor.node.run(flowOf("large") as never);
    expect(server.clients).toBe(1);
    await conductor.node.run(flowOf("say") as never, { executionId: "last" } as never);
    while ((await next()).event !== "node:completed");
    slow.response.resume();
    await slow.ended;
    expect(slow.response.complete).toBe(false);
  });
});

describe("a caller of the stream of events", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is told nothing more once its key is good no longer", async () => {
    const removed = new Set<string>();
    const { apiUrl, server } = await serving({
      authenticate: (request) => {
        const caller = byKey(request);
        return caller !== undefined && removed.has(caller.name) ? undefined : caller;
      },
    });
    const { ended } = await listening(apiUrl);
    vi.advanceTimersByTime(15_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(server.clients).toBe(1);
    removed.add("vera");
    vi.advanceTimersByTime(15_000);
    await ended;
    expect(server.clients).toBe(0);
  });
});

it("read what they missed from the store once, however many come back at once after a restart", async () => {
  const { conductor, post } = await serving();
  await post("editor", "/flows", flowOf("say"));
  const before = Date.now();
  await post("runner", "/flows/f/run", { context: { executionId: "one" } });
  let asked = 0;
  const executions: typeof conductor.executions = {
    ...conductor.executions,
    list: (...given) => {
      asked++;
      return conductor.executions.list(...given);
    },
  };
  const log = new EventLog();
  const find = findMissed(log, executions);
  const comeBack = async (time: number) => {
    const { events, complete } = (await find(log.positionOf("another process", numberAt(time))))();
    return { events: events.map(({ event, executionId }) => [event, executionId]), complete };
  };
  const told = await Promise.all(Array.from({ length: 100 }, (_, index) => comeBack(before - index)));
  for (const one of told) {
    expect(one).toEqual({
      events: [
        ["started", "one"],
        ["completed", "one"],
      ],
      complete: ["node"],
    });
  }
  // Those that began since, and those that ended.
  expect(asked).toBe(2);
});
