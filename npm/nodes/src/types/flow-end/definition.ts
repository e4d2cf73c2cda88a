import {
  milliseconds,
  type NodeType,
  output,
  type ParameterProblem,
  sharedParameters,
} from "../../definition/node-type.js";

/** Begins its flow at the end of others. */
export const flowEnd = {
  type: "flow-end",
  name: "Flow End",
  description: "Begins its flow when executions of other flows end, fail, or do not come.",
  category: "trigger",
  icon: "bell-ring",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      flows: {
        type: "array",
        items: { type: "string", minLength: 1 },
        description: "Ids of the flows. Without it all others.",
        examples: [["nightly-import"]],
      },
      outcomes: {
        type: "array",
        items: { type: "string", enum: ["completed", "failed", "cancelled", "late"] },
        default: ["failed"],
        description:
          "What it fires for. `late`: none of its executions has succeeded for as long as `lateAfter`; once, until one does.",
      },
      lateAfter: {
        ...milliseconds,
        minimum: 1000,
        description:
          "How long each flow may be without a success; counted from when the trigger was first armed, or from the last one.",
        examples: ["25h"],
      },
    },
  },
  inputPorts: [],
  otherInputs: [],
  hasOpenInputs: true,
  outputPorts: [],
  otherOutputs: [
    output("flowId", "Flow", "string", "Id of the flow that ended or is late."),
    output("name", "Name", "string", "Its name."),
    output("executionId", "Execution", "string", "Id of its execution; empty where it is late."),
    output("outcome", "Outcome", "string", "`completed`, `failed`, `cancelled` or `late`."),
    output("error", "Error", "object", "`code`, `message` and `nodeId` of a failure; else null."),
    output("startedAt", "Started at", "string", "When the execution began, in ISO 8601; empty where it is late."),
    output("endedAt", "Ended at", "string", "When it ended; where it is late, when that was found."),
  ],
  isTrigger: true,
  problems: ({ flows, outcomes, lateAfter }) => {
    if (!Array.isArray(outcomes) || !outcomes.includes("late")) return [];
    const lacks = (path: string, message: string): ParameterProblem[] => [
      { code: "INVALID_PARAMETERS", severity: "error", rule: "flow-end-late", path, message },
    ];
    if (lateAfter === undefined)
      return lacks("/lateAfter", "`late` needs `lateAfter`: how long a flow may be without a success");
    return flows === undefined ? lacks("/flows", "`late` needs `flows`: the flows that have to succeed") : [];
  },
  touches: [],
  effects: "reads",
  limits: [
    {
      what: "flows that begin each other so",
      bound: "10 in a row",
      beyond: "the next one does not begin, and the log says so",
    },
  ],
} as const satisfies NodeType;
