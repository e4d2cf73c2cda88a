/** Flows to save, and when. */
import type { FlowToSave } from "@atomiton/conductor/node";
import { afterEach, vi } from "vitest";
import { edge, leaf } from "../contract/flows.js";

afterEach(() => {
  vi.useRealTimers();
});

/** Moves the calendar until the test ends; timers and files go on as usual. */
export function at(time: string): void {
  vi.useFakeTimers({ toFake: ["Date"], now: new Date(time) });
}

/** A flow of two nodes. */
export const flow = (id: string | undefined, more: Record<string, unknown> = {}): FlowToSave =>
  ({
    ...(id !== undefined && { id }),
    name: `Flow ${id}`,
    nodes: [leaf("a"), leaf("b")],
    edges: [edge("a", "b")],
    ...more,
  }) as FlowToSave;
