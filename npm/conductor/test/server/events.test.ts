/** Events as a stream, for clients that only listen. */
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";

import { byKey, flowOf, keyOf, serving } from "./serving.js";

/** One event of a stream. */
interface Told {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

/** Listens to a stream of events. */
async function listening(apiUrl: string, query = "", headers: Record<string, string> = {}) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = get(
      `${apiUrl}/events${query}`,
      { headers: { authorization: `Bearer ${keyOf("viewer")}`, ...headers }, agent: false },
      resolve,
    );
    asked.on("error", reject);
    onTestFinished(() => void asked.destroy());
  });
  response.setEncoding("utf8");
  const told: Told[] = [];
  const waiting = new Set<() => void>();
  let text = "";
  let isOver = false;
  const heard = () => {
    for (const check of [...waiting]) check();
  };
  response.on("data", (chunk: string) => {
    text += chunk;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n");
      text = text.slice(end + 2);
      const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
      if (field("event") !== "") told.push({ event: field("event"), id: field("id"), data: JSON.parse(field("data")) });
    }
    heard();
  });
  response.on("error", () => {});
  const ended = new Promise<void>((resolve) =>
    response.on("close", () => {
      isOver = true;
      heard();
      resolve();
    }),
  );
  let taken = 0;
  return {
    response,
    told,
    ended,
    /** The next event. */
    next: () =>
      new Promise<Told>((resolve, reject) => {
        const check = () => {
          if (told.length <= taken && !isOver) return;
          waiting.delete(check);
          if (told.length > taken) resolve(told[taken++] as Told);
          else reject(new Error("The stream ended"));
        };
        waiting.add(check);
        check();
      }),
  };
}

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
    expect(Number(second.id.split(":")[1])).toBe(Number(first.id.split(":")[1]) + 1);
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
    expect((await (await listening(apiUrl, "", { "last-event-id": id })).next()).event).toBe("transport:gap");
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
