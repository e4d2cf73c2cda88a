/** The JSON Schema of flow files, for editors that complete and check them. */

import { definedIn } from "@atomiton/values";
import { nodeTypes } from "../types/definitions.js";
import type { NodeType, ParameterSchema } from "./node-type.js";
import { writtenKeys } from "./written-keys.js";

type Json = Readonly<Record<string, unknown>>;

/** A JSON Schema (draft 2020-12) of a flow file: types of this library with their parameters, other types as they are. */
export function flowSchema(): Json {
  const types = [...nodeTypes.values()];
  const checked = types.filter(({ isContainer, hasOpenParameters }: NodeType) => !(isContainer && hasOpenParameters));
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A flow of atomiton conductor",
    description: "A graph of nodes that hand their outputs on along edges, as YAML or JSON.",
    $ref: "#/$defs/node",
    $defs: {
      node: nodeSchema(types, checked),
      child: { allOf: [{ $ref: "#/$defs/node" }], anyOf: [{ required: ["type"] }, { required: ["nodes"] }] },
      edge: edgeSchema(types),
      policy: policySchema,
      duration: durationSchema,
      expression: {
        type: "string",
        pattern: "\\$\\{\\{",
        description: "An expression; its value is checked when it is known.",
        examples: ["\u0024{{ data.total }}"],
      },
      variable: variableSchema,
      ...Object.fromEntries(checked.map((type) => [`${type.type} parameters`, parametersSchema(type)])),
    },
  };
}

function nodeSchema(types: readonly NodeType[], checked: readonly NodeType[]): Json {
  return {
    type: "object",
    properties: {
      id: { type: "string", minLength: 1, description: "Its name in edges, unique within its group." },
      type: {
        description:
          "What it does: a type of the library, one of your own, or `group`. With `nodes` it may be left out.",
        anyOf: [
          ...types.map(({ type, description }) => ({ const: type, description })),
          { type: "string", minLength: 1, description: "A type of your own." },
        ],
      },
      name: { type: ["string", "null"], description: "A name for people; the id by default." },
      description: { type: ["string", "null"], description: "What it is for; nothing acts on it." },
      parameters: { type: ["object", "null"], description: "What its type is told." },
      policy: { anyOf: [{ $ref: "#/$defs/policy" }, { type: "null" }] },
      nodes: {
        type: ["array", "null"],
        description: "The nodes inside. A node with at least one is a group, whatever its type.",
        items: { $ref: "#/$defs/child" },
      },
      edges: {
        type: ["array", "null"],
        description:
          "How the nodes inside hand on their outputs. A node without an edge to it gets the input of the group.",
        items: { $ref: "#/$defs/edge" },
      },
      variables: {
        type: ["object", "null"],
        description:
          "Values that templates, expressions and nodes see, by their names; `--var name=value` changes one.",
        additionalProperties: { $ref: "#/$defs/variable" },
      },
      settings: {
        type: ["object", "null"],
        description: "Settings of a run of the flow.",
        properties: {
          runtime: {
            type: ["object", "null"],
            description: "How it is run.",
            properties: {
              timeout: { $ref: "#/$defs/duration", description: "Time limit of the run." },
              parallel: { description: "How many nodes may run at once, or whether more than one may." },
            },
          },
          ui: { type: ["object", "null"], description: "What editors keep." },
        },
      },
      metadata: {
        type: ["object", "null"],
        description:
          "What catalogues show: name, icon, tags; with `tool: true` the flow is a tool for language models.",
      },
      position: {
        type: ["object", "null"],
        description: "Where an editor draws it.",
        properties: { x: { type: "number" }, y: { type: "number" } },
      },
      version: { type: ["string", "null"], description: "The version of the flow or of the type, such as `1.0.0`." },
      ...writtenByHand(),
    },
    patternProperties: notes,
    additionalProperties: false,
    allOf: checked.map(({ type, parameterSchema }) => ({
      if: { properties: { type: { const: type } }, required: ["type"] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: {
        properties: { parameters: { $ref: `#/$defs/${type} parameters` } },
        ...(parameterSchema.required?.length && { required: ["parameters"] }),
      },
    })),
  };
}

function edgeSchema(types: readonly NodeType[]): Json {
  const outputs = types.flatMap((type) =>
    // Edges leave a routed type by its ports alone.
    [...type.outputPorts, ...(type.routed ? [] : type.otherOutputs)].map(({ id }) => id),
  );
  const inputs = types.flatMap((type) => [...type.inputPorts, ...type.otherInputs].map(({ id }) => id));
  return {
    type: "object",
    required: ["source", "target"],
    properties: {
      source: { type: "string", minLength: 1, description: "Id of the node that the edge leaves." },
      target: { type: "string", minLength: 1, description: "Id of the node that the edge enters." },
      sourceHandle: {
        type: ["string", "null"],
        description: "Which way out: `true` or `false` of a condition, `error` for the failure of any node.",
        examples: ["true", "false", "error", ...distinct(outputs, ["true", "false"])],
      },
      targetHandle: {
        type: ["string", "null"],
        description: "The name under which the target sees the value; `default` where it is missing.",
        examples: distinct(inputs, []),
      },
      id: { type: ["string", "null"], description: "A name for editors." },
      type: { description: "How an editor draws it." },
      metadata: { description: "What editors keep." },
      ...writtenByHand(),
    },
    patternProperties: notes,
    additionalProperties: false,
  };
}

/** What people note for themselves, and tools for theirs. */
const notes: Json = { "^(x-|\\$|_)": true };

function writtenByHand(): Json {
  return Object.fromEntries(writtenKeys.filter((key) => !key.startsWith("$")).map((key) => [key, true]));
}

const durationSchema: Json = {
  description: "A number of ms, or a duration such as `250ms`, `10s`, `5m`, `1.5h` or `2d`.",
  anyOf: [
    { type: "number", minimum: 0 },
    { type: "string", pattern: "^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$" },
  ],
  examples: ["10s", "5m"],
};

const policySchema: Json = {
  type: "object",
  description: "What the engine does in case of failure and of delay; nothing of it is handed to the node.",
  properties: {
    retries: { type: ["integer", "null"], minimum: 0, description: "Further attempts after a failure that may pass." },
    retryDelay: {
      anyOf: [{ $ref: "#/$defs/duration" }, { type: "null" }],
      description: "Wait before the first of them; doubles each time. 1s unless given.",
    },
    retryJitter: {
      type: ["boolean", "null"],
      description:
        "Whether these waits are spread, each between half of it and all of it, so that what failed at once does not come back at once.",
    },
    timeout: { anyOf: [{ $ref: "#/$defs/duration" }, { type: "null" }], description: "Time limit of one attempt." },
    continueOnError: {
      type: ["boolean", "null"],
      description:
        "After a failure for good that no `error` edge takes, the flow goes on: every other edge fires, without a value, and " +
        "the result warns of it.",
    },
    rateLimit: {
      anyOf: [
        { type: "string", pattern: "^[0-9]+/(ms|s|m|min|h|d|[0-9]+(\\.[0-9]+)?(ms|s|m|h|d))$" },
        {
          type: "object",
          properties: {
            limit: { type: "integer", minimum: 1, maximum: 10_000, description: "Starts." },
            per: { $ref: "#/$defs/duration", description: "The time within which there may be so many: 1 ms to 24 h." },
            key: {
              type: ["string", "null"],
              minLength: 1,
              description:
                "Text that nodes of the flow have in common which share the rate, such as the name of a service.",
            },
          },
          required: ["limit", "per"],
          additionalProperties: false,
        },
        { type: "null" },
      ],
      description:
        "How many attempts may start within a time, over all rounds of loops and tries. Of a group: beginnings.",
      examples: ["10/s", "100/min", "5/10s"],
    },
    redact: {
      type: ["array", "null"],
      items: { type: "string", minLength: 1 },
      description:
        "Parts of its output that nothing outside of the run sees, as paths. Of a group or a flow: also of the nodes inside.",
      examples: [["customer.email", "rows[*].card", "**.token"]],
    },
    concurrency: {
      type: ["integer", "null"],
      minimum: 1,
      maximum: 10_000,
      description:
        "How many attempts may be under way at once, over all rounds of the loops around the node. Of a group or a loop: how many of it are open.",
    },
    cache: {
      anyOf: [
        { type: ["boolean", "null"] },
        { $ref: "#/$defs/duration" },
        {
          type: "object",
          properties: {
            ttl: {
              anyOf: [{ $ref: "#/$defs/duration" }, { type: "null" }],
              description: "How long an output may be taken.",
            },
            key: {
              type: ["string", "null"],
              description: "Stands for what the node gets; mostly an expression.",
              examples: ["\u0024{{ input.orderId }}"],
            },
          },
          additionalProperties: false,
        },
      ],
      description:
        "Whether its output is taken from the cache where it was made from the same before, and for how long. A node that looks " +
        "at the world needs a `ttl` or a `key`.",
      examples: [true, "1h", { ttl: "1d", key: "\u0024{{ input.orderId }}" }],
    },
    runsOn: {
      type: ["string", "null"],
      pattern: "^\\S+$",
      description: "The label that a process must offer to run the flow (`conductor run --label`), such as `gpu`.",
      examples: ["gpu"],
    },
  },
  additionalProperties: false,
};

const variableSchema: Json = {
  description: "A variable; `defaultValue` is what it is unless the run says otherwise.",
  anyOf: [
    {
      type: "object",
      properties: {
        type: {
          type: "string",
          description:
            "What it holds: string, number, integer, boolean, array or object. Other texts are for people and editors.",
        },
        defaultValue: { description: "Its value unless the run says otherwise." },
        description: { type: "string", description: "What it is for." },
        enum: { type: "array", description: "What it may be; a run with another value is refused." },
        required: {
          type: "boolean",
          description:
            "Whether a run without it is refused; a `defaultValue` is enough. Where the flow is a tool, it is by default what has none.",
        },
      },
    },
    { type: ["string", "number", "boolean", "array", "null"] },
  ],
};

function parametersSchema({ parameterSchema }: NodeType): Json {
  const { properties, required } = parameterSchema;
  return {
    type: ["object", "null"],
    properties: {
      ...Object.fromEntries(Object.entries(properties).map(([key, schema]) => [key, valueSchema(schema)])),
      retryDelay: {
        $ref: "#/$defs/duration",
        description: "Wait before a further attempt. `policy: { retryDelay }` is the place for it.",
      },
    },
    ...(required?.length && { type: "object", required }),
    patternProperties: { "^x-": true },
    additionalProperties: false,
  };
}

/** A schema of the library for a value in a file, where an expression may stand for any value. */
function valueSchema(schema: ParameterSchema): Json {
  const { description, default: preset, examples } = schema;
  const facts = {
    ...(description !== undefined && { description }),
    ...(preset !== undefined && { default: preset }),
    ...(examples !== undefined && { examples }),
  };
  const rule = ruleOf(schema);
  const takesAnyText = Object.keys(rule).length === 0 || (rule.type === "string" && rule.enum === undefined);
  return takesAnyText ? { ...facts, ...rule } : { ...facts, anyOf: [rule, { $ref: "#/$defs/expression" }] };
}

function ruleOf(schema: ParameterSchema): Json {
  if (schema["x-duration"]) return { $ref: "#/$defs/duration" };
  if (schema.anyOf) return { anyOf: schema.anyOf.map(ruleOf) };
  const { type, enum: values, required, properties, items, minimum, maximum, minLength } = schema;
  const keywords = {
    type,
    enum: values,
    required,
    minimum,
    maximum,
    minLength,
    items: items && valueSchema(items),
    properties:
      properties && Object.fromEntries(Object.entries(properties).map(([key, part]) => [key, valueSchema(part)])),
  };
  return definedIn(keywords);
}

function distinct(names: readonly string[], without: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => !without.includes(name)).sort();
}
