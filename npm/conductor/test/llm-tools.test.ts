/** A language model whose tools are flows and nodes, over a server that talks like OpenAI's. */
import { type Conductor, createConductor, defineNode, readFlow, validateFlow } from "@atomiton/conductor/node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openaiServer } from "../../nodes/test/openai-server.js";

const server = openaiServer();

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const said = (content: string) => ({ choices: [{ message: { content }, finish_reason: "stop" }], usage });
const calls = (...list: [name: string, given: unknown, id?: string][]) => ({
  choices: [
    {
      message: {
        content: null,
        tool_calls: list.map(([name, given, id], at) => ({
          id: id ?? `c${at}`,
          function: { name, arguments: typeof given === "string" ? given : JSON.stringify(given) },
        })),
      },
      finish_reason: "tool_calls",
    },
  ],
  usage,
});
/** What the model was told last. */
const told = () => server.asked.at(-1)?.body.messages as Record<string, unknown>[];

const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const byFlow = { name: "weather", description: "The weather", parameters: city, flow: "weather" };
const WEATHER = `id: weather
variables: { unit: { type: string, defaultValue: C } }
nodes: [{ id: tell, type: code, parameters: { code: "return data.city + ' 7 ' + variables.unit" } }]`;

let conductor: Conductor;
const started: unknown[] = [];
let hold: Promise<unknown> | undefined;
const slow = defineNode({
  type: "slow",
  parameters: { type: "object", properties: { what: {}, fixed: {} } },
  execute: async ({ parameters, signal }) => {
    started.push(parameters);
    await hold;
    signal?.throwIfAborted();
    return parameters;
  },
});
beforeEach(async () => {
  started.length = 0;
  hold = undefined;
  conductor = createConductor({ logLevel: "error", nodes: [slow], secrets: (name: string) => `secret-${name}` });
  await conductor.storage.saveFlow(readFlow(WEATHER) as never);
});
afterEach(() => conductor.shutdown());

const flowOf = (parameters: object, more: object = {}) => ({
  id: "asks",
  type: "group",
  nodes: [
    {
      id: "ask",
      type: "llm",
      parameters: { baseUrl: server.baseUrl, model: "m", prompt: "?", ...parameters },
      ...more,
    },
  ],
  edges: [],
});
const run = (parameters: object, context: object = {}, more: object = {}) =>
  conductor.node.run(flowOf(parameters, more) as never, context);

describe("tools of a model", () => {
  it("are run until it answers, together where one answer calls several", async () => {
    server.answers = [calls(["weather", { city: "Oslo" }], ["weather", { city: "Rome" }]), said("Warm")];
    const { data, error, warnings } = await run({
      tools: [{ ...byFlow, variables: { unit: "F" } }],
      prices: { input: 1, output: 1 },
    });
    expect([error, warnings]).toEqual([undefined, undefined]);
    expect(data).toMatchObject({
      result: "Warm",
      rounds: 1,
      toolCalls: [
        { id: "c0", name: "weather", arguments: { city: "Oslo" }, result: { result: "Oslo 7 F" } },
        { id: "c1", name: "weather", arguments: { city: "Rome" }, result: { result: "Rome 7 F" } },
      ],
      usage: { promptTokens: 20, completionTokens: 10, totalTokens: 30 },
      cost: 0.00003,
    });
    expect(server.asked[0]?.body.tools).toEqual([
      { type: "function", function: { name: "weather", description: "The weather", parameters: city } },
    ]);
    expect(told().slice(1)).toMatchObject([
      { role: "assistant", content: null, tool_calls: [{ id: "c0" }, { id: "c1" }] },
      { role: "tool", tool_call_id: "c0", content: '{"result":"Oslo 7 F"}' },
      { role: "tool", tool_call_id: "c1", content: '{"result":"Rome 7 F"}' },
    ]);
    expect(told()[1]?.["tool_calls"]).toMatchObject([
      { function: { name: "weather", arguments: '{"city":"Oslo"}' } },
      {},
    ]);
  });

  it("run beside each other", async () => {
    let go = () => {};
    hold = new Promise<void>((resolve) => {
      go = resolve;
    });
    const tool = { name: "slow", parameters: { type: "object", properties: { what: {} } }, node: { type: "slow" } };
    server.answers = [calls(["slow", { what: 1 }, "x"], ["slow", { what: 1 }, "x"]), said("Done")];
    const running = run({ tools: [tool] });
    await vi.waitFor(() => expect(started).toHaveLength(2));
    go();
    const { data } = await running;
    const ids = (data as { toolCalls: { id: string }[] }).toolCalls.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
  });

  it("are nodes, whose own parameters count before, and whose texts are no expressions", async () => {
    const node = { type: "slow", parameters: { fixed: "\u0024{{ data.note }}" } };
    const parameters = { type: "object", properties: { what: { type: "string" }, fixed: {} } };
    const evil = "\u0024{{ secrets.KEY }}";
    server.answers = [calls(["slow", { what: evil, fixed: "mine" }]), said("Done")];
    const { data, error } = await run(
      { tools: [{ name: "slow", parameters, node }] },
      { input: { data: { note: evil } } },
    );
    expect(error).toBeUndefined();
    expect(started).toEqual([{ what: evil, fixed: evil }]);
    expect(JSON.stringify(data)).not.toContain("secret-");
  });

  it("tell the model what is wrong, so that it can mend it", async () => {
    const strict = { name: "slow", parameters: { type: "object", properties: { what: {} } }, node: { type: "slow" } };
    server.answers = [
      calls(
        ["weather", {}],
        ["weather", '{"ci'],
        ["wether", { city: "Oslo" }],
        ["slow", { fixed: 1 }],
        ["toString", {}],
      ),
      calls(["weather", { city: "Oslo" }]),
      said("Warm"),
    ];
    const { data } = await run({ tools: [byFlow, strict] });
    expect(data).toMatchObject({ result: "Warm", rounds: 2 });
    const errors = (data as { toolCalls: { error?: string }[] }).toolCalls.map(({ error }) => error);
    expect(errors).toEqual([
      expect.stringContaining("do not pass the schema: `city` is missing"),
      expect.stringContaining("they are no JSON object"),
      "There is no tool `wether`; there are `weather`, `slow`",
      expect.stringContaining("`fixed` is not among its properties"),
      "There is no tool `toString`; there are `weather`, `slow`",
      undefined,
    ]);
    expect(server.asked[1]?.body.messages[4].content).toBe(JSON.stringify({ error: errors[2] }));
    expect(started).toEqual([]);
  });

  it("tell it of failures, of which the author is warned; those of the author's end the node", async () => {
    await conductor.storage.saveFlow(
      readFlow("id: bad\nnodes: [{ id: x, type: stop, parameters: { message: No } }]") as never,
    );
    server.answers = [calls(["bad", {}]), said("Sorry")];
    const { data, warnings } = await run({ tools: [{ name: "bad", flow: "bad" }] });
    expect(data).toMatchObject({ result: "Sorry", toolCalls: [{ error: expect.stringContaining("No") }] });
    expect(warnings).toMatchObject([{ rule: "tool-failed", message: expect.stringContaining("`bad` failed") }]);
    server.answers = [calls(["bad", {}])];
    expect((await run({ tools: [{ name: "bad", flow: "nowhere" }] })).error?.code).toBe("NODE_NOT_FOUND");
  });

  it("come before an answer by a schema, which is repaired as ever", async () => {
    server.answers = [
      calls(["weather", { city: "Oslo" }]),
      said("warm"),
      calls(["weather", { city: "Rome" }]),
      said('{"t":7}'),
    ];
    const schema = { type: "object", properties: { t: { type: "number" } }, required: ["t"] };
    const { data } = await run({ tools: [byFlow], schema });
    expect(data).toMatchObject({ result: { t: 7 }, repairs: 1, rounds: 2, usage: { totalTokens: 60 } });
  });

  it("end with maxRounds, and say what they took", async () => {
    server.answers = [calls(["weather", { city: "Oslo" }])];
    const { error, warnings } = await run({ tools: [byFlow], maxRounds: 2 });
    expect(error).toMatchObject({ code: "EXECUTION_FAILED", recovery: { retryable: false } });
    expect(error?.message).toMatch(/2 rounds, as many as `maxRounds` allows, and then wants weather/);
    expect(server.asked).toHaveLength(3);
    expect(warnings).toMatchObject([{ rule: "tokens-without-result", message: expect.stringContaining("3 answers") }]);
  });

  it("stop with the run", async () => {
    let go = () => {};
    hold = new Promise<void>((resolve) => {
      go = resolve;
    });
    server.answers = [calls(["slow", {}])];
    const tool = { name: "slow", node: { type: "slow" } };
    const running = run({ tools: [tool] }, { executionId: "cancelled" });
    await vi.waitFor(() => expect(started).toHaveLength(1));
    await conductor.node.cancel("cancelled");
    expect((await running).error?.code).toBe("CANCELLED");
    go();
    expect(server.asked).toHaveLength(1);
  });

  it("come in pieces too", async () => {
    const piece = (delta: object, finish: string | null = null) =>
      `data: ${JSON.stringify({ choices: [{ delta, finish_reason: finish }] })}\n\n`;
    const stream = (...pieces: string[]) => ({
      handle: (response: import("node:http").ServerResponse) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).end(`${pieces.join("")}data: [DONE]\n\n`);
      },
    });
    const first = stream(
      piece({ tool_calls: [{ index: 0, id: "a", function: { name: "weather", arguments: '{"city":' } }] }),
      piece({ tool_calls: [{ index: 0, function: { arguments: '"Oslo"}' } }] }, "tool_calls"),
    );
    server.answers = [first.handle, stream(piece({ content: "Warm" }, "stop")).handle];
    const { data } = await run({ tools: [byFlow], stream: true });
    expect(data).toMatchObject({ result: "Warm", toolCalls: [{ result: { result: "Oslo 7 C" } }] });
  });

  it("are checked before a run", async () => {
    const why = (tools: unknown, more: object = {}) =>
      validateFlow(flowOf({ tools, ...more }) as never)
        .filter(({ severity }) => severity === "error")
        .map(({ message }) => message)
        .join();
    expect(why([byFlow])).toBe("");
    expect(why([{ name: "a" }])).toContain("has nothing to run");
    expect(why([{ name: "a", flow: "x", node: { type: "y" } }])).toContain("has both");
    const coded = (code: string) => why([{ name: "a", node: { type: "code", parameters: { code } } }]);
    expect(coded("return data.n * variables.rate")).toContain("a node that is a tool gets none");
    expect(coded("return data.variables.rate + mine.variables[0]")).toBe("");
    expect(why([{ name: "a b", flow: "x" }])).toContain("letters, digits");
    expect(why([byFlow, byFlow])).toContain("two tools `weather`");
    expect(why([{ ...byFlow, parameter: {} }])).toContain("Did you mean `parameters`?");
    expect(why([byFlow], { options: { tools: [] } })).toContain("one of them");
    expect(why([{ ...byFlow, parameters: { type: "string" } }])).toContain("JSON Schema of an object");
    expect(why("\u0024{{ data.tools }}")).toBe("");
    const { error } = await run({ tools: [{ name: "a" }] });
    expect(error).toMatchObject({ code: "INVALID_PARAMETERS" });
    expect(server.asked).toHaveLength(0);
  });
});
