import type { NodeExample } from "../../definition/example.js";

export const llmExamples: readonly NodeExample[] = [
  {
    title: "A question about data",
    flow: `id: summarise
nodes:
  - id: summary
    type: llm
    policy: { retries: 3, retryDelay: 2s, timeout: 2m }
    parameters:
      baseUrl: https://api.example.com/v1
      model: small
      system: Answer in one word.
      prompt: "What is this about? \u0024{{ data.text }}"
      prices: { input: 0.5, output: 2 }
`,
    input: { data: { text: "Rain is expected in the north." } },
    outputs: {
      summary: {
        result: "Weather",
        finishReason: "stop",
        usage: { promptTokens: 20, completionTokens: 2, totalTokens: 22 },
        cost: 0.000014,
      },
    },
    isPart: true,
  },
  {
    title: "A value by a schema",
    flow: `id: classify
nodes:
  - id: mood
    type: llm
    parameters:
      baseUrl: https://api.example.com/v1
      model: small
      prompt: "Is the customer content? Thank you, it works now!"
      schema:
        type: object
        properties: { mood: { type: string, enum: [good, bad] } }
        required: [mood]
`,
    outputs: { mood: { result: { mood: "good" }, repairs: 0 } },
    isPart: true,
  },
  {
    title: "A tool that the model calls",
    flow: `id: ask-weather
nodes:
  - id: ask
    type: llm
    parameters:
      baseUrl: https://api.example.com/v1
      model: small
      prompt: Is it warm in Oslo?
      options:
        tools:
          - type: function
            function:
              name: weather
              parameters: { type: object, properties: { city: { type: string } }, required: [city] }
  - id: which
    type: switch
    parameters:
      value: "\u0024{{ nodes.ask.toolCalls[0]?.name ?? 'none' }}"
      cases: [{ handle: weather, equals: weather }]
      fallback: ignore # where no tool is asked for, the text is the answer
  - id: weather # a sub-flow or an http-request here would look it up
    type: edit-fields
    parameters: { keepOnlySet: true, values: { city: "\u0024{{ nodes.ask.toolCalls[0].arguments.city }}" } }
edges:
  - { source: ask, target: which }
  - { source: which, sourceHandle: weather, target: weather }
`,
    outputs: {
      ask: {
        result: "",
        finishReason: "tool_calls",
        toolCalls: [{ id: "call_1", name: "weather", arguments: { city: "Oslo" } }],
      },
      weather: { result: { city: "Oslo" } },
    },
    isPart: true,
  },
];
