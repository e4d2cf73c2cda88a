/** How user code says when a loop goes on: `while`, `breakWhen`, `until`; and batches. */
import { createConductor, readFlow } from "@atomiton/conductor/node";
import { describe, expect, it } from "vitest";

const run = (nodes: string, input?: Record<string, unknown>, config: Parameters<typeof createConductor>[0] = {}) =>
  createConductor({ ...config, logLevel: "error" }).flow.run(
    readFlow(`id: f\nvariables: { most: 3 }\nnodes:\n${nodes.replace(/^/gm, "  ")}`) as never,
    { variables: { most: 3 }, ...(input && { input }) },
  );

const outputOf = async (nodes: string, input?: Record<string, unknown>) => {
  const { success, data, error } = await run(nodes, input);
  expect(error?.message).toBeUndefined();
  expect(success).toBe(true);
  return data as { results: unknown[]; iterationCount: number; result: unknown };
};

const message = async (nodes: string, input?: Record<string, unknown>) => {
  const { error } = await run(nodes, input);
  return `${error?.code}: ${error?.message}`;
};

const round = (code: string) => `  nodes: [{ id: n, type: code, parameters: { code: ${JSON.stringify(code)} } }]`;

describe("a while loop with nodes inside", () => {
  const loop = (condition: string, more = "", code = "return index * 2") =>
    `- id: l\n  type: loop\n  parameters: { loopType: while, condition: ${JSON.stringify(condition)}${more} }\n${round(code)}`;
  const results = async (...given: Parameters<typeof loop>) => (await outputOf(loop(...given))).results;

  it("asks before each round, with the number of the round and what the one before gave", async () => {
    expect(await results("iteration < 3")).toEqual([{ result: 0 }, { result: 2 }, { result: 4 }]);
    expect(await results("false")).toEqual([]);
    expect(await results("lastResult === undefined || lastResult < 6")).toHaveLength(4);
  });

  it("reads the names of expressions, anew each time", async () => {
    expect(await results("iteration < variables.most")).toHaveLength(3);
    // A time that stood still would end the loop after its first round.
    const later = "const end = Date.now() + 5; while (Date.now() < end); return now";
    expect(await results("iteration < 3 && (iteration === 0 || now > lastResult)", "", later)).toHaveLength(3);
  });

  it("reads what came into the loop as `data`, and what the last node inside gave, in each round", async () => {
    const given = { default: { most: 4 } };
    const condition = "lastResult === undefined || lastResult < data.most";
    expect((await outputOf(loop(condition), given)).results).toEqual([{ result: 0 }, { result: 2 }, { result: 4 }]);
  });

  it("tells all names that there are, where one is not among them", async () => {
    expect(await message(loop("lastRessult < 3"))).toMatch(
      /defined are `iteration`, `lastResult`, `input`, .*inside a loop `item`, `index`, `items`, `loop`, and the built-ins of JavaScript. Did you mean `lastResult`\?/,
    );
    expect(await message(loop("iteration < 1", "", "return lastResult + 1"))).toContain(
      "lastResult is not defined: it is there for `condition` and `breakWhen` of a loop; nodes inside a loop read `index` and `item`",
    );
    expect(await message(loop("${{ iteration < 3 }}"))).toContain(
      "The code in `condition` and `breakWhen` of loops reads `iteration`, and is written without `${{ }}`. Defined are input, data, item, index,",
    );
    expect(await message(loop("iteration < 1", ", array: '${{ [1].map(one => on) }}'"))).toContain(
      "Did you mean `one`? Defined are one, input, data, item",
    );
  });

  it("keeps no results where none are wanted, and still knows the last one", async () => {
    const output = await outputOf(loop("iteration === 0 || lastResult < 8", ", collectResults: false"));
    expect(output).toMatchObject({ results: [], result: [], iterationCount: 5, success: true });
  });

  it("fails where its condition would never end it, cannot be read, or is missing", async () => {
    expect(await message(loop("true", ", maxRounds: 4"))).toMatch(
      /^EXECUTION_FAILED: \[loop\] The condition still holds after 4 rounds: true\./,
    );
    expect(await message(loop("iteration <"))).toMatch(/^INVALID_PARAMETERS: .*Invalid condition: /);
    expect(await message(loop("none.such"))).toMatch(/^EXECUTION_FAILED: .*Invalid condition: .*none/);
    expect(await message(loop(" "))).toMatch(/^INVALID_PARAMETERS: .*a `while` loop needs a `condition`/);
  });

  it("goes on for ten thousand rounds in bounded memory, and can be cancelled", async () => {
    const flow = readFlow(`id: f\nnodes:\n${loop("true", ", collectResults: false", "return 1").replace(/^/gm, "  ")}`);
    const conductor = createConductor();
    const running = conductor.flow.run(flow as never, { executionId: "endless" });
    await new Promise<void>((resolve) => {
      const off = conductor.node.onProgress(() => {
        off();
        resolve();
      });
    });
    await conductor.node.cancel("endless");
    expect((await running).error?.code).toBe("CANCELLED");
  });
});

describe("breakWhen", () => {
  const loop = (parameters: string, code = "return item") =>
    `- id: l\n  type: loop\n  parameters: { ${parameters} }\n${round(code)}`;

  it("ends a loop over items after the round in which it holds", async () => {
    const list = "array: [1, 2, 3, 4, 5]";
    const found = await outputOf(loop(`${list}, breakWhen: lastResult === 3`));
    expect(found.results).toEqual([{ result: 1 }, { result: 2 }, { result: 3 }]);
    expect((await outputOf(loop(`${list}, breakWhen: iteration === 0`))).iterationCount).toBe(1);
    expect((await outputOf(loop(`${list}, breakWhen: "false"`))).iterationCount).toBe(5);
    expect((await outputOf(loop(`loopType: times, count: 9, breakWhen: lastResult > 3`))).iterationCount).toBe(5);
    expect(
      (await outputOf(loop(`loopType: while, condition: "true", breakWhen: iteration === 6`))).iterationCount,
    ).toBe(7);
  });

  it("is asked after all rounds that ran together", async () => {
    const found = await outputOf(loop("array: [1, 2, 3, 4, 5], concurrency: 2, breakWhen: lastResult === 1"));
    expect(found.results).toEqual([{ result: 1 }, { result: 2 }]);
  });

  it("names itself where it cannot be read", async () => {
    expect(await message(loop("array: [1, 2], breakWhen: lastResult."))).toMatch(/Invalid breakWhen: /);
  });
});

describe("conditions about rounds", () => {
  const loop = (parameters: string, code = "return { value: item }", more = "") =>
    `- id: l\n  type: loop${more}\n  parameters: { ${parameters} }\n${round(code)}`;
  const until = (condition: string) =>
    `- id: u\n  type: until\n  parameters: { condition: ${JSON.stringify(condition)}, interval: 0, maxRounds: 2 }\n${round("return { value: 7 }")}`;
  const warnings = async (nodes: string) => {
    const { warnings: all = [] } = await run(nodes);
    return all.map(({ rule, message, count = 1 }) => [rule, message, count]);
  };

  it("are warned of where no round gave a field that they read, once", async () => {
    const like = (parameter: string) => [
      "missing-field",
      `\`lastResult.valu\` in \`${parameter}\` is not there: there is no \`valu\`. Did you mean \`value\`?`,
      1,
    ];
    expect(await warnings(loop("array: [5, 1, 7], breakWhen: lastResult.valu > 4"))).toEqual([like("breakWhen")]);
    const counted = "loopType: while, condition: iteration === 0 || lastResult.valu < 4";
    expect(await warnings(loop(counted, "return { value: index }"))).toEqual([like("condition")]);
    expect(await warnings(loop("array: [5, 1, 7], breakWhen: lastResult.result > 4"))).toEqual([
      [
        "missing-field",
        "`lastResult.result` in `breakWhen` is not there: `lastResult` is what the last node gave, without the `{ result }` around it. Write `lastResult.value`",
        1,
      ],
    ]);
  });

  it("are not where some round gave it, or the condition says that it may be missing", async () => {
    expect(await warnings(loop("array: [5, 1], breakWhen: lastResult.value > 9"))).toEqual([]);
    expect(await warnings(loop("array: [5, 1], breakWhen: lastResult?.valu > 9"))).toEqual([]);
    const some = "return item === 5 ? { value: 5 } : { valu: 1 }";
    expect(await warnings(loop("array: [5, 1, 5], breakWhen: lastResult.valu > 9", some))).toEqual([]);
  });

  it("of an until that never hold are told with what is missing, or what the last round gave", async () => {
    expect(await message(until("result.valu === 7"))).toBe(
      "EXECUTION_FAILED: [until] The condition did not hold in 2 rounds: result.valu === 7. `result.valu` in `condition` is not there: there is no `valu`. Did you mean `value`?",
    );
    expect(await message(until("result.value === 8"))).toContain(
      "did not hold in 2 rounds: result.value === 8. The last round gave { value: 7 }. Give more `maxRounds`",
    );
  });

  it("that read a field before there is a result are told to ask for it", async () => {
    const advice =
      "`lastResult` is undefined before the first round, and after a round that failed or gave nothing: write `lastResult?.value`";
    expect(await message(loop("loopType: while, condition: lastResult.value < 3"))).toContain(advice);
    const failing = loop(
      "array: [1, 2], breakWhen: lastResult.value === 2",
      "if (item === 1) throw new Error('no'); return { value: item }",
    );
    const goingOn = failing.replace("type: code,", "type: code, policy: { continueOnError: true },");
    expect(await message(goingOn)).toContain(advice);
  });
});

describe("batchSize", () => {
  const loop = (parameters: string) =>
    `- id: l\n  type: loop\n  parameters: { ${parameters} }\n${round("return item.join('+')")}`;

  it("gives each round a list", async () => {
    const five = { data: [1, 2, 3, 4, 5] };
    const { results } = await outputOf(loop("batchSize: 2"), five);
    expect(results).toEqual([{ result: "1+2" }, { result: "3+4" }, { result: "5" }]);
    expect((await outputOf(loop("batchSize: 9"), five)).results).toEqual([{ result: "1+2+3+4+5" }]);
    expect((await outputOf(loop("batchSize: 1, breakWhen: iteration === 1"), five)).results).toHaveLength(2);
    expect((await outputOf(loop("batchSize: 3"), { data: [] })).results).toEqual([]);
  });

  it("is refused for loops over no list, and where it is no number of items", async () => {
    const conductor = createConductor();
    const problems = async (parameters: string) => {
      const flow = readFlow(`id: f\nnodes:\n${loop(parameters).replace(/^/gm, "  ")}`);
      return (await conductor.node.validate(flow as never)).errors.join("\n");
    };
    expect(await problems("loopType: times, count: 3, batchSize: 2")).toMatch(/`batchSize` is for lists/);
    expect(await problems("batchSize: 0")).toMatch(/batchSize/);
    expect(await problems("maxRounds: 5")).toMatch(/`maxRounds` bounds a `while` loop/);
    const counting = readFlow(`id: f\nnodes:\n${loop("loopType: times, array: [1]").replace(/^/gm, "  ")}`);
    const { errors, warnings } = (await conductor.node.validate(counting as never)) as unknown as Record<
      string,
      string[]
    >;
    expect([errors, warnings]).toEqual([[], [expect.stringMatching(/`array` is for `loopType: forEach`/)]]);
    expect(await problems("loopType: while")).toMatch(/needs a `condition`/);
    expect(await message(loop("batchSize: -1"), { data: [1] })).toMatch(/batch size.*whole number from 1/);
  });
});

describe("a loop that goes on after errors", () => {
  const loop = (parameters: string, code: string) =>
    `- id: l\n  type: loop\n  parameters: { array: [1, 2, 3, 4], onError: continue${parameters} }\n${round(code)}`;
  const odd = "if (item % 2 === 0) throw new Error('even ' + item); return item";

  it("gives what went well, and what failed with its item", async () => {
    for (const concurrency of [1, 3]) {
      const result = await run(loop(`, concurrency: ${concurrency}`, odd), undefined, { concurrency });
      expect(result.success).toBe(true);
      expect(result.data).toMatchObject({
        results: [{ result: 1 }, { result: 3 }],
        iterationCount: 4,
        success: false,
        errors: [
          { index: 1, item: 2, nodeId: "n", code: "EXECUTION_FAILED", message: expect.stringContaining("even 2") },
          { index: 3, item: 4, nodeId: "n", code: "EXECUTION_FAILED", message: expect.stringContaining("even 4") },
        ],
      });
      const told = (result.warnings ?? []).map(({ nodeId, rule, message }) => `${nodeId} ${rule}: ${message}`).join();
      expect(told).toMatch(/l continued-after-error: `n` failed, and the loop went on: .*even 2.*round 2 of l/);
      expect(told).toMatch(/even 4.*round 4 of l/);
    }
  });

  it("has an empty list of errors where there were none, which nodes may read", async () => {
    const { data, warnings } = await run(loop("", "return item"));
    expect(data).toMatchObject({
      success: true,
      results: [{ result: 1 }, { result: 2 }, { result: 3 }, { result: 4 }],
    });
    expect(data).toHaveProperty("errors", []);
    expect(warnings).toBeUndefined();
  });

  it("tries again first, and ends the rest of a round that failed", async () => {
    const result = await run(`- id: l
  type: loop
  parameters: { array: [1, 2], onError: continue }
  nodes:
    - { id: bad, type: code, parameters: { code: "if (item === 1) throw new Error('no ' + run.attempt); return item" }, policy: { retries: 1, retryDelay: 1 } }
    - { id: last, type: code, parameters: { code: "return 'after ' + data" } }
  edges: [{ source: bad, target: last }]`);
    expect(result.error).toBeUndefined();
    expect(result.data).toMatchObject({
      results: [{ result: "after 2" }],
      errors: [{ index: 0, message: expect.stringContaining("no") }],
    });
  });

  it("fails all the same where it cannot begin", async () => {
    expect(await message(loop("", odd).replace("array: [1, 2, 3, 4]", "array: 5"))).toMatch(/Loop needs an array/);
  });
});

describe("an until", () => {
  const until = (condition: string, more = "", code = "return { state: index < 2 ? 'busy' : 'done', index }") =>
    `- id: u\n  type: until\n  parameters: { condition: ${JSON.stringify(condition)}, interval: 0${more} }\n${round(code)}`;

  it("repeats its nodes until the condition holds, and gives what the last round gave", async () => {
    expect(await outputOf(until("result.state === 'done'"))).toEqual({ result: { state: "done", index: 2 } });
    expect(await outputOf(until("lastResult.index === 2"))).toEqual({ result: { state: "done", index: 2 } });
    expect(await outputOf(until("iteration === variables.most"))).toEqual({ result: { state: "done", index: 3 } });
  });

  it("gives its first nodes what came in", async () => {
    const output = await outputOf(until("iteration === 1", "", "return data"), { data: "in" });
    expect(output).toEqual({ result: "in" });
  });

  it("fails where the condition never holds, and without another try", async () => {
    const nodes = until("false", ", maxRounds: 3").replace(
      "type: until",
      "type: until\n  policy: { retries: 2, retryDelay: 1 }",
    );
    const result = await run(nodes);
    expect(result.error?.message).toMatch(/The condition did not hold in 3 rounds: false\./);
    expect(result.error?.nodeId).toBe("u");
  });

  it("needs nodes inside, and a condition", async () => {
    const conductor = createConductor();
    const problems = async (flow: string) => (await conductor.node.validate(readFlow(flow) as never)).errors.join("\n");
    expect(await problems("id: f\nnodes: [{ id: u, type: until, parameters: { condition: 'true' } }]")).toMatch(
      /An `until` needs `nodes`/,
    );
    expect(await problems("id: f\nnodes: [{ id: u, type: until, nodes: [{ id: n, type: delay }] }]")).toMatch(
      /condition/,
    );
  });

  it("stops waiting when it is cancelled", async () => {
    const conductor = createConductor();
    const flow = readFlow(
      `id: f\nnodes:\n${until("false", "").replace("interval: 0", "interval: 1h").replace(/^/gm, "  ")}`,
    );
    const running = conductor.flow.run(flow as never, { executionId: "awaited" });
    // The first round is over when its node is.
    while (conductor.node.store.getState().nodes.get("u")?.rounds?.done !== 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    await conductor.node.cancel("awaited");
    expect((await running).error?.code).toBe("CANCELLED");
  });
});
