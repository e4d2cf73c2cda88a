import { templateProblems } from "../../definition/code.js";
import { mayMention } from "../../definition/effects.js";
import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Sets fields of an object. */
export const editFields = {
  type: "edit-fields",
  name: "Edit Fields",
  description: "Sets fields from values and templates.",
  category: "data",
  icon: "edit-3",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      values: {
        anyOf: [{ type: "object" }, { type: "string" }],
        default: {},
        description:
          "Fields and their values, also as JSON text. Text is a template: {{a.b}}, {{{raw}}}, {{#list}}…{{/list}}, {{^list}}…{{/list}}, {{variables.a}}, {{$now}}; {{it.a}} is {{a}}. {{a | upper}} shows it by filters: upper, lower, capitalize, trim, json, length, safe (not escaped). What is not carried out, such as {{@each(…)}}, is refused.",
        examples: [{ greeting: "Hello {{name}}" }],
      },
      keepOnlySet: {
        type: "boolean",
        default: false,
        description: "Whether fields of the input are left out.",
      },
      nested: {
        type: "boolean",
        default: false,
        description: "Whether text inside lists and objects is a template too.",
      },
      escape: {
        type: "boolean",
        default: true,
        description: "Whether values that templates show are escaped for HTML; {{{raw}}} never is.",
      },
    },
  },
  inputPorts: [
    input(
      "data",
      "Data",
      "object",
      "The object whose fields are set. In the first nodes of a loop templates see the item; its fields are not kept.",
    ),
  ],
  otherInputs: [...sameAsData],
  hasOpenInputs: true,
  problems: ({ values, nested }, parsers) => templateProblems(values, nested === true, parsers),
  outputPorts: [
    output("data", "Data", "object", "The object with its fields set."),
    output("result", "Result", "object", "The same; the key of the output that holds it."),
  ],
  otherOutputs: [],
  touches: [],
  effects: ({ values }) => (mayMention(values, "$now") ? "reads" : "none"),
  effectsNote: "none; a template with `$now` counts as looking at the world",
  limits: [
    {
      what: "text and look-ups of a template",
      bound: "64 Mi characters, each look-up counted as 32",
      beyond: "INVALID_PARAMETERS",
    },
    { what: "values below one field with `nested`", bound: "100,000, 64 levels deep", beyond: "INVALID_PARAMETERS" },
  ],
} as const satisfies NodeType;
