/** After a start of a server, progress waits for the first client that comes back. */
import { setImmediate } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { executionBroadcasts } from "../../src/desktop/channels/node-events.js";
import { EventLog } from "../../src/server/event-log.js";
import type { NodeProgressEvent } from "../../src/types/progress-event.js";

const progress = (executionId: string, message: string) => () => ({ executionId, message }) as NodeProgressEvent;

it("is told to the first client of executions that are not over, as it is by then, and not made before", async () => {
  const log = new EventLog((heard) => (isHeard = heard));
  onTestFinished(() => log.close());
  let isHeard = false;
  const told: unknown[] = [];
  const server = {
    isHeard: () => isHeard,
    broadcast: (event: string, { executionId, message }: NodeProgressEvent) =>
      void told.push(message === undefined ? `${event} ${executionId}` : `${event} ${executionId} ${message}`),
  };
  const broadcasts = executionBroadcasts(server as never, () => log.isExpecting);
  log.expect();
  expect(log.isExpecting).toBe(true);
  broadcasts.started("one", "flow");
  broadcasts.progressed("one", () => expect.unreachable("It is not made"));
  broadcasts.progressed("two", () => expect.unreachable("It is not made"));
  broadcasts.progressed("three", () => expect.unreachable("It is not made"));
  broadcasts.progressed("one", progress("one", "half"));
  broadcasts.ended("two", "flow", { success: true, data: 1, duration: 0, executedNodes: [] });
  broadcasts.failed({ executionId: "three", nodeId: "flow", error: "No", timestamp: 0 } as never);
  await setImmediate();
  expect(told).toEqual(["started one", "completed two", "error three"]);
  const end = log.listen(() => {});
  expect([log.isExpecting, isHeard]).toEqual([false, true]);
  broadcasts.goOn();
  await setImmediate();
  expect(told.splice(0)).toEqual(["started one", "completed two", "error three", "progress one half"]);
  // A client that lost its connection was here: it is told all.
  end();
  broadcasts.progressed("four", progress("four", "begun"));
  await setImmediate();
  expect(told).toEqual(["progress four begun"]);
});

it("is forgotten where no client came", async () => {
  let [isHeard, isForLater] = [true, true];
  const told: unknown[] = [];
  const broadcasts = executionBroadcasts(
    { isHeard: () => isHeard, broadcast: (event) => void told.push(event) },
    () => isForLater,
  );
  broadcasts.progressed("one", progress("one", "half"));
  [isHeard, isForLater] = [false, false];
  broadcasts.goOn();
  await setImmediate();
  isHeard = true;
  broadcasts.goOn();
  await setImmediate();
  expect(told).toEqual([]);
});
