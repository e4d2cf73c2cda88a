import { templateProblems } from "../../definition/code.js";
import { mayMention } from "../../definition/effects.js";
import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Writes text, Markdown or HTML. */
export const template = {
  type: "template",
  name: "Template",
  description: "Writes a document out of a template: text, HTML, or Markdown that becomes HTML.",
  category: "text",
  icon: "file-text",
  parameterSchema: {
    type: "object",
    required: ["template"],
    properties: {
      ...sharedParameters,
      template: {
        type: "string",
        minLength: 1,
        description:
          "The document: {{a.b}}, {{{raw}}}, {{#list}}…{{/list}}, {{^list}}…{{/list}}, {{variables.a}}, {{$now}}, as in edit-fields.",
        examples: ["# {{title}}\n\n{{#data}}\n- {{name}}\n{{/data}}"],
      },
      format: {
        type: "string",
        enum: ["text", "markdown", "html"],
        default: "text",
        description:
          "text: values stand as they are. markdown: the template is Markdown and the result is HTML. html: the template is HTML. In both, values are text and never markup; {{{raw}}} is what it says.",
      },
      tables: {
        type: "array",
        items: { type: "string", minLength: 1 },
        description:
          "Names of lists of records that can be written as tables, a row for each: {{tables.rows}} is the list `rows`. With text they are Markdown tables.",
        examples: [["rows"]],
      },
      page: {
        type: "boolean",
        default: false,
        description: "markdown, html: whether the result is a whole page, with a head and a plain style.",
      },
      title: {
        type: "string",
        default: "Document",
        "x-when": { page: [true] },
        description: "page: its title, a template too.",
      },
    },
  },
  inputPorts: [
    input(
      "data",
      "Data",
      "any",
      "What the template sees; an edge may lead to any other name as well. In the first nodes of a loop the item, if none leads to it.",
    ),
  ],
  otherInputs: [...sameAsData],
  hasOpenInputs: true,
  problems: ({ template, title }, parsers) =>
    templateProblems({ template, title }, false, parsers).map((problem) => ({
      ...problem,
      path: problem.path.replace(/^\/values/, ""),
    })),
  outputPorts: [output("result", "Result", "string", "The document.")],
  otherOutputs: [
    output("content", "Content", "string", "The same, for what writes files."),
    output("format", "Format", "string", "What it is: text or html."),
  ],
  touches: [],
  effects: ({ template, title }) => (mayMention([template, title], "$now") ? "reads" : "none"),
  effectsNote: "none; a template with `$now` counts as looking at the world",
  limits: [
    {
      what: "text and look-ups of a template",
      bound: "64 Mi characters, each look-up counted as 32; 10 Mi of Markdown",
      beyond: "INVALID_PARAMETERS",
    },
    {
      what: "time of Markdown",
      bound: "a few seconds, counted in steps; 32 lists and quotations inside each other",
      beyond: "INVALID_PARAMETERS",
    },
    { what: "cells of tables", bound: "1,000,000", beyond: "INVALID_PARAMETERS" },
  ],
} as const satisfies NodeType;
