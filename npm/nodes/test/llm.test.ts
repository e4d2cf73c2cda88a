import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";

import { adviceOf, retryOf } from "../src/contract/error.js";
import { type Asked, openaiServer } from "./openai-server.js";
import { places } from "./run.js";

const server = openaiServer();

const said = (content: string | null, more: object = {}, message: object = {}) => ({
  model: "small-2",
  choices: [{ message: { role: "assistant", content, ...message }, finish_reason: "stop", ...more }],
  usage: { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 },
});

/** A stream of events; each string as it is, each object as data. */
const streamed =
  (...events: (string | object)[]) =>
  (response: ServerResponse) => {
    response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
    for (const event of events)
      response.write(typeof event === "string" ? event : `data: ${JSON.stringify(event)}\n\n`);
    response.end();
  };
const piece = (content: string, finish: string | null = null) => ({
  model: "small-2",
  choices: [{ delta: { content }, finish_reason: finish }],
});

const status =
  (code: number, headers: Record<string, string> = {}, body: object = { error: { message: "no" } }) =>
  (response: ServerResponse) =>
    void response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

describe.each(places)("llm in $name", ({ run, failure }) => {
  const base = () => ({ baseUrl: server.baseUrl, model: "small", apiKey: "hidden", prompt: "Hello" });
  const ask = (more: object = {}, input: unknown = {}) => run("llm", input, { ...base(), ...more });
  const refused = (more: object = {}, input: unknown = {}) => failure("llm", input, { ...base(), ...more });

  it("asks as the endpoint wants it, and gives the answer", async () => {
    server.answers = [said("Hi")];
    const output = await ask({
      system: "Be kind",
      temperature: 0,
      maxTokens: 9,
      options: { seed: 7 },
      headers: { "x-a": "1" },
    });
    expect(output).toEqual({
      result: "Hi",
      text: "Hi",
      toolCalls: [],
      usage: { promptTokens: 10, completionTokens: 5, totalTokens: 15 },
      model: "small-2",
      finishReason: "stop",
      repairs: 0,
      duration: expect.any(Number) as number,
    });
    expect(server.asked[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: "Bearer hidden", "x-a": "1", "content-type": "application/json" },
      body: {
        model: "small",
        messages: [
          { role: "system", content: "Be kind" },
          { role: "user", content: "Hello" },
        ],
        temperature: 0,
        max_tokens: 9,
        seed: 7,
        stream: false,
      },
    });
  });

  it("takes conversation and prompt over edges, and sends no key unless it is given", async () => {
    server.answers = [said("Hi")];
    const messages = [{ role: "user", content: [{ type: "text", text: "a" }] }];
    await ask({ apiKey: undefined, baseUrl: `${server.baseUrl}/` }, { messages: { result: messages }, prompt: "b" });
    expect(server.asked[0]?.path).toBe("/v1/chat/completions");
    expect(server.asked[0]?.headers.authorization).toBeUndefined();
    expect(server.asked[0]?.body.messages).toEqual([...messages, { role: "user", content: "b" }]);
    await ask({ prompt: undefined }, { default: { result: "from an edge" } });
    expect(server.asked[1]?.body.messages).toEqual([{ role: "user", content: "from an edge" }]);
  });

  it("works out the cost, or says that it cannot", async () => {
    const warnings: string[] = [];
    const more = { prices: { input: 2, output: 10 }, warn: (rule: string) => warnings.push(rule) };
    server.answers = [said("Hi"), { ...said("Hi"), usage: undefined }];
    expect((await ask(more)).cost).toBeCloseTo(0.00007, 12);
    expect(warnings).toEqual([]);
    const unknown = await ask(more);
    expect([unknown.usage, "cost" in unknown, warnings]).toEqual([null, false, ["unknown-cost"]]);
  });

  it("warns of an answer that was cut off, and of none", async () => {
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    server.answers = [said("Once upon", { finish_reason: "length" }), said("")];
    expect(await ask({ warn })).toMatchObject({ result: "Once upon", finishReason: "length" });
    await ask({ warn });
    expect(warnings).toEqual(["cut-off-answer", "empty-answer"]);
  });

  it("gives the tools that the model calls, as a whole and in pieces", async () => {
    const warnings: string[] = [];
    const warn = (rule: string) => warnings.push(rule);
    const called = (id: string | undefined, name: string, text: unknown) => ({
      id,
      function: { name, arguments: text },
    });
    const calls = [
      called("c1", "weather", '{"city":"Oslo"}'),
      called(undefined, "now", ""),
      called("c3", "odd", '{"a'),
    ];
    const expected = [
      { id: "c1", name: "weather", arguments: { city: "Oslo" } },
      { id: null, name: "now", arguments: {} },
      { id: "c3", name: "odd", arguments: '{"a' },
    ];
    const told = { result: "", finishReason: "tool_calls", toolCalls: expected };
    const tools = [{ type: "function", function: { name: "weather" } }];
    server.answers = [said(null, { finish_reason: "tool_calls" }, { tool_calls: calls })];
    expect(await ask({ warn, options: { tools } })).toMatchObject(told);

    const part = (...tool_calls: object[]) => ({ choices: [{ delta: { tool_calls } }] });
    server.answers = [
      streamed(
        part({ index: 0, ...called("c1", "weather", "") }),
        part({ index: 0, function: { arguments: '{"city":' } }, { index: 1, ...called(undefined, "now", "") }),
        part({ index: 0, function: { arguments: '"Oslo"}' } }, { index: 2, ...called("c3", "odd", '{"a') }),
        piece("", "tool_calls"),
        "data: [DONE]\n\n",
      ),
    ];
    expect(await ask({ warn, stream: true, options: { tools } })).toMatchObject(told);

    // With a schema a call is no answer that would have to be repaired.
    server.answers = [
      said(null, { finish_reason: "tool_calls" }, { tool_calls: [called("c1", "weather", { city: "Oslo" })] }),
    ];
    expect(await ask({ warn, schema, options: { tools } })).toMatchObject({ result: null, toolCalls: [expected[0]] });
    server.answers = [said("Sunny")];
    expect(await ask({ warn })).toMatchObject({ result: "Sunny", toolCalls: [] });
    expect(warnings).toEqual([]);
  });

  const schema = {
    type: "object",
    properties: { mood: { type: "string", enum: ["good", "bad"] } },
    required: ["mood"],
  };

  it("checks patterns in time that grows with the answer alone", async () => {
    const pattern = "^(a+)+$";
    const text = { type: "string", pattern };
    const hostile = `${"a".repeat(5000)}!`;
    const names = { type: "object", patternProperties: { [pattern]: {} }, additionalProperties: false };
    const tree = { type: "object", properties: { name: text, below: { $ref: "#/$defs/tree" } } };
    for (const [schema, answer, fitting] of [
      [text, hostile, "aa"],
      [{ type: "object", properties: { a: { anyOf: [text, { type: "null" }] } } }, { a: hostile }, { a: "a" }],
      [names, { [hostile]: 1 }, { aa: 1 }],
      [{ $ref: "#/$defs/tree", $defs: { tree } }, { below: { below: { name: hostile } } }, { below: { name: "a" } }],
      [{ type: "object", properties: { pattern: text, enum: { enum: [{ pattern: "(" }] } } }, { pattern: hostile }, {}],
    ] as const) {
      server.answers = [said(JSON.stringify(answer)), said(JSON.stringify(fitting))];
      expect(await ask({ schema, repairs: 1 }), JSON.stringify(schema)).toMatchObject({ result: fitting, repairs: 1 });
    }
    expect((await refused({ schema: { pattern: "x" } })).message).toContain("beside `type: string`");
    expect((await refused({ schema: { type: "string", pattern: "(?=a)" } })).message).toContain("looks ahead");
  });

  it("gives a value that passes the schema", async () => {
    server.answers = [said('{"mood":"good"}'), said('```json\n{"mood":"bad"}\n```')];
    expect(await ask({ schema })).toMatchObject({ result: { mood: "good" }, text: '{"mood":"good"}', repairs: 0 });
    expect(server.asked[0]?.body.response_format).toEqual({
      type: "json_schema",
      json_schema: { name: "answer", schema },
    });
    expect((await ask({ schema: JSON.stringify(schema) })).result).toEqual({ mood: "bad" });
  });

  it("asks again, with what is wrong", async () => {
    server.answers = [said('{"mood":"so-so"}'), said('{"mood":"bad"}')];
    const output = await ask({ schema });
    expect(output).toMatchObject({
      result: { mood: "bad" },
      repairs: 1,
      usage: { promptTokens: 20, completionTokens: 10, totalTokens: 30 },
    });
    const [, assistant, user] = (server.asked[1] as Asked).body.messages as { role: string; content: string }[];
    expect(assistant).toEqual({ role: "assistant", content: '{"mood":"so-so"}' });
    expect(user?.content).toContain('`answer.mood` must be one of "good", "bad", found "so-so"');
  });

  it("tells what tokens were taken over all answers where none passes, or a later question fails", async () => {
    const told = async (answers: unknown[], more: object = {}) => {
      server.answers = answers as typeof server.answers;
      const warnings: string[][] = [];
      await refused({ schema, repairs: 2, warn: (...said: string[]) => warnings.push(said), ...more });
      return warnings;
    };
    const message = (words: string) => [["tokens-without-result", expect.stringContaining(words)]];
    const prices = { input: 1_000_000, output: 0 };
    expect(await told([said("not JSON")], { prices })).toEqual(
      message("The 3 answers took 30 tokens of prompts and 15 of answers, which cost 30"),
    );
    expect(await told([said("{", { finish_reason: "length" })])).toEqual(message("The answer took 10 tokens"));
    expect(await told([said("{"), status(500)])).toEqual(message("The answer took 10 tokens"));
    expect(await told([{ ...said("{"), usage: undefined }])).toEqual([]);
  });

  it("fails where no answer passes", async () => {
    server.answers = [said("not JSON")];
    expect(await refused({ schema, repairs: 2 })).toMatchObject({
      code: "DESERIALIZATION_FAILED",
      message: expect.stringMatching(
        /does not pass the schema, also after it was asked again 2 times: it is no JSON: .*; it is: not JSON$/,
      ) as string,
    });
    expect(server.asked).toHaveLength(3);
    server.answers = [said("[]")];
    const once = await refused({ schema, repairs: 0 });
    expect(once.message).toContain("does not pass the schema: `answer` must be an object, found an empty list");
    server.answers = [said('{"mood":', { finish_reason: "length" })];
    const cut = await refused({ schema, maxTokens: 5 });
    expect(cut).toMatchObject({ code: "EXECUTION_FAILED" });
    expect(cut.message).toContain("The JSON was cut off at 5 tokens");
    expect(server.asked).toHaveLength(5);
    // What is left of a number is a number.
    server.answers = [said("12", { finish_reason: "length" })];
    expect((await refused({ schema: { type: "integer" }, maxTokens: 1 })).message).toContain("The JSON was cut off");
  });

  it("takes an answer piece by piece, and reports it", async () => {
    const usage = { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2 } };
    server.answers = [
      streamed(
        ": a comment\n\n",
        piece("Hé"),
        'event: x\r\ndata: {"choices":[{"delta":{"content":"llo"}}]}\r\n\r\n',
        piece("!", "stop"),
        usage,
        "data: [DONE]\n\n",
      ),
    ];
    const told: unknown[][] = [];
    const output = await ask({ stream: true, maxTokens: 4, progress: (...report: unknown[]) => told.push(report) });
    expect(output).toMatchObject({
      result: "Héllo!",
      model: "small-2",
      finishReason: "stop",
      usage: { promptTokens: 1, completionTokens: 2, totalTokens: 3 },
    });
    expect(told[0]).toEqual([25, "Hé"]);
    expect(server.asked[0]?.body).toMatchObject({ stream: true, stream_options: { include_usage: true } });
    server.answers = [said("whole")];
    expect((await ask({ stream: true })).result).toBe("whole");
    server.answers = [streamed(piece('{"mood":"good"}', "stop"))];
    expect((await ask({ stream: true, schema })).result).toEqual({ mood: "good" });
  });

  it("puts together pieces that are cut anywhere", async () => {
    const whole = Buffer.from(`data: ${JSON.stringify(piece("é😀", "stop"))}\r\n\r\ndata: [DONE]\r\n\r\n`);
    server.answers = [
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        let at = 0;
        const next = (): void => {
          if (at === whole.length) return void response.end();
          response.write(whole.subarray(at, ++at), () => setImmediate(next));
        };
        next();
      },
    ];
    expect((await ask({ stream: true })).result).toBe("é😀");
  });

  it("takes no part of an answer for the whole", async () => {
    server.answers = [streamed(piece("Once upon"))];
    expect((await refused({ stream: true })).message).toBe("[llm] The answer broke off after 9 characters");
    server.answers = [streamed(piece("Once"), { error: { message: "overloaded" } })];
    expect((await refused({ stream: true })).message).toContain(
      'The service failed in the middle: {"message":"overloaded"}',
    );
    server.answers = [streamed("data: {nonsense\n\n")];
    expect(await refused({ stream: true })).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    server.answers = [
      (response) => {
        response
          .writeHead(200, { "content-type": "text/event-stream" })
          .write(`data: ${JSON.stringify(piece("Once"))}\n\n`, () => response.destroy());
      },
    ];
    expect(await refused({ stream: true })).toMatchObject({ code: "EXECUTION_FAILED" });
    server.answers = [streamed(`data: ${"x".repeat(5_000_000)}`)];
    expect(await refused({ stream: true })).toMatchObject({ code: "MEMORY_LIMIT_EXCEEDED" });
  });

  it("tells what the service says, and whether another try makes sense", async () => {
    server.answers = [status(429, { "retry-after": "2" })];
    const busy = await refused();
    expect(busy).toMatchObject({
      code: "EXECUTION_FAILED",
      message: `[llm] 429 Too Many Requests from ${new URL(server.baseUrl).host} (POST ${server.baseUrl}/chat/completions): {"error":{"message":"no"}}`,
    });
    expect(retryOf(busy)).toBe(2000);
    server.answers = [status(500)];
    expect(retryOf(await refused())).toBeUndefined();
    server.answers = [status(401)];
    const denied = await refused();
    expect([retryOf(denied), adviceOf(denied)]).toEqual([false, ["Check `apiKey`."]]);
    server.answers = [said(null, {}, { refusal: "I will not" })];
    expect((await refused()).message).toBe("[llm] The model refuses: I will not");
    server.answers = [said("", { finish_reason: "content_filter" })];
    expect((await refused()).message).toContain("A content filter");
    for (const strange of [[], {}, { choices: [] }, { choices: [{}] }, { choices: [{ message: { content: 7 } }] }]) {
      server.answers = [strange];
      expect(await refused()).toMatchObject({ code: "DESERIALIZATION_FAILED" });
    }
  });

  it("says what is wrong before it asks", async () => {
    const words = async (more: object, input: unknown = {}) => {
      const { code, message } = await refused(more, input);
      expect(message).not.toContain("hidden");
      return `${code} ${message}`;
    };
    expect(await words({ model: undefined })).toContain("`model` is missing");
    expect(await words({ prompt: undefined })).toContain("give the node a `prompt` or `messages`");
    expect(await words({}, { prompt: { a: 1 } })).toContain("TYPE_MISMATCH [llm] `prompt` must be text");
    expect(await words({ messages: [{ role: "robot", content: "" }] })).toContain("`messages[0].role` must be one of");
    expect(await words({ messages: [{ role: "user" }] })).toContain("`messages[0].content` is missing");
    expect(await words({}, { messages: "x" })).toContain("`messages` must be a list");
    expect(await words({ schema: "{" })).toContain("INVALID_PARAMETERS [llm] schema must be an object");
    expect(await words({ schema: { type: "nonsense" } })).toContain("`schema` cannot be checked");
    expect(await words({ baseUrl: "ftp://x" })).toContain("`baseUrl` must be an address");
    expect(await words({ apiKey: "hidden\r\nx: y" })).toContain("The token cannot be sent in a header");
    expect(server.asked).toHaveLength(0);
  });

  it("stops in time, and when it is cancelled in the middle of an answer", async () => {
    server.answers = [() => {}];
    expect((await refused({ timeout: 50 })).code).toBe("TIMEOUT");
    const abort = new AbortController();
    server.answers = [
      (response) => {
        response
          .writeHead(200, { "content-type": "text/event-stream" })
          .write(`data: ${JSON.stringify(piece("Once"))}\n\n`);
      },
    ];
    const progress = () => abort.abort();
    expect((await refused({ stream: true, signal: abort.signal, progress })).code).toBe("CANCELLED");
  });
});
