/** What a client is told that reads more slowly than events come. */
import { describe, expect, it } from "vitest";

import { ClientEventSender } from "../../src/server/client-event-sender.js";
import { EventLog, type LoggedEvent } from "../../src/server/event-log.js";

/** A client whose connection takes what it is sent when the test says so. */
function slowClient() {
  const log = new EventLog();
  const told: LoggedEvent[] = [];
  const untaken: (() => void)[] = [];
  let backlog = 0;
  let isGivenUp = false;
  const line = new ClientEventSender(log, {
    send(event, sent) {
      told.push(event);
      backlog += event.data.length;
      untaken.push(() => {
        backlog -= event.data.length;
        sent();
      });
    },
    backlog: () => backlog,
    giveUp: () => {
      isGivenUp = true;
    },
  });
  line.start();
  return {
    log,
    told,
    /** Takes all that was sent, also what is sent meanwhile. */
    takeAll() {
      for (let take = untaken.shift(); take !== undefined; take = untaken.shift()) take();
    },
    isGivenUp: () => isGivenUp,
  };
}

const MIB = "x".repeat(2 ** 20);

describe("a slow client", () => {
  it("gets only the latest progress of each execution, and everything else in order", () => {
    const { log, told, takeAll } = slowClient();
    log.add("node", "completed", { executionId: "large", result: MIB });
    for (let progress = 1; progress <= 100; progress++) {
      for (const executionId of ["a", "b"]) log.add("node", "progress", { executionId, progress });
    }
    expect(told).toHaveLength(1);
    log.add("node", "completed", { executionId: "a" });
    log.add("node", "progress", { executionId: "b", progress: 101 });
    takeAll();
    const heard = told.slice(1).map(({ event, data }) => [event, JSON.parse(data)]);
    expect(heard).toEqual([
      ["progress", { executionId: "a", progress: 100 }],
      ["progress", { executionId: "b", progress: 100 }],
      ["completed", { executionId: "a" }],
      ["progress", { executionId: "b", progress: 101 }],
    ]);
    const numbers = told.map(({ seq }) => seq);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  });

  it("gets the last progress also where nothing comes after it", () => {
    const { log, told, takeAll } = slowClient();
    log.add("node", "completed", { executionId: "large", result: MIB });
    log.add("node", "progress", { executionId: "a", progress: 1 });
    log.add("node", "progress", { executionId: "a", progress: 2 });
    takeAll();
    expect(told.slice(1).map(({ data }) => JSON.parse(data).progress)).toEqual([2]);
  });

  it("is given up after 16 MiB, and told nothing more", () => {
    const { log, told, isGivenUp, takeAll } = slowClient();
    for (let index = 0; index < 16; index++) log.add("node", "completed", { result: MIB });
    expect(isGivenUp()).toBe(false);
    log.add("node", "completed", { result: MIB });
    expect(isGivenUp()).toBe(true);
    takeAll();
    log.add("node", "completed", {});
    expect([told.length, log.listeners]).toEqual([16, 0]);
  });
});
