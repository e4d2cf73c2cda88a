/** What nodes make of the variables of a run is kept with their answers, or not at all. */
import { expect, it } from "vitest";
import { RunRecorder } from "../../src/api/durable/run-recorder.js";

it("writes variables that an answer changed no earlier than the step that tells of it", () => {
  const written: string[] = [];
  const writer = {
    watch() {},
    touch() {},
    add: ({ values }: { values?: Uint8Array }) => written.push(new TextDecoder().decode(values)),
  };
  const execution = { id: "e", epoch: 1, sequence: 0, status: "running", updatedAt: 0 };
  const context = { executionId: "e", variables: { count: 0 } as Record<string, unknown> };
  const recorder = new RunRecorder(writer as never, execution as never, context as never, true, () => "", undefined);

  recorder.step([1, 1, 1]);
  recorder.output(4, 1, "earlier", false);
  context.variables.count = 1;
  recorder.output(5, 1, "out", false);
  // Written for another reason, before the engine is told of the answer.
  recorder.collect();
  expect(written).toEqual([expect.stringContaining("earlier")]);
  expect(written[0]).not.toMatch(/count|out"/);

  recorder.step([2, 2, 2]);
  recorder.collect();
  expect(written[1]).toMatch(/"count":1.*"out"/);
  recorder.step([3, 3, 3]);
  recorder.collect();
  expect(written[2]).toBe("");
});
