import { messageOf } from "../../contract/error.js";
import { input, type NodeType, output, sameAs, sharedParameters } from "../../definition/node-type.js";
import { fieldsOf } from "./fields.js";

/** Reads values out of HTML. */
export const html = {
  type: "html",
  name: "HTML",
  description: "Reads values out of HTML by CSS selectors.",
  category: "data",
  icon: "file-code",
  parameterSchema: {
    type: "object",
    required: ["fields"],
    properties: {
      ...sharedParameters,
      fields: {
        type: "object",
        description:
          "What to read, by name: a selector, or { selector, attribute, all, html, as }. It gives the text of the first match, blanks as one; with attribute that attribute, with html: true what is inside as HTML, with all: true a list of all matches, with as: number a number. Without selector it is the element of `each` itself.",
        examples: [{ title: "h1", links: { selector: "a", attribute: "href", all: true } }],
      },
      each: {
        type: "string",
        minLength: 1,
        description:
          "The selector of the elements that become a record each; the selectors of the fields look inside them.",
        examples: ["table.prices tbody tr"],
      },
      base: {
        type: "string",
        minLength: 1,
        description:
          "The address of the page. Attributes that hold addresses (`href`, `src`, `srcset`, `action` …) are then absolute; a `<base href>` of the page goes before it, and makes them so without it. What is read with html: true stays as it is.",
        examples: ["https://shop.example/teas/"],
      },
    },
  },
  inputPorts: [input("data", "Data", "string", "The HTML.", true)],
  otherInputs: [
    input("html", "HTML", "string", "The same as data."),
    input("content", "Content", "string", "The same as data."),
    input("text", "Text", "string", "The same as data."),
    ...sameAs("data", "string"),
  ],
  hasOpenInputs: false,
  problems: ({ fields }) => {
    if (typeof fields !== "object" || fields === null || Array.isArray(fields)) return [];
    try {
      fieldsOf(fields as Record<string, unknown>);
      return [];
    } catch (error) {
      const message = messageOf(error);
      return [{ code: "INVALID_PARAMETERS", severity: "error", rule: "html-fields", path: "/fields", message }];
    }
  },
  outputPorts: [output("result", "Result", "any", "An object with the fields; with `each` a list of them.")],
  otherOutputs: [output("count", "Count", "number", "How many records there are; 1 without `each`.")],
  touches: [],
  effects: "none",
  limits: [
    { what: "text", bound: "50 Mi characters", beyond: "INVALID_PARAMETERS" },
    { what: "what is read", bound: "100,000,000 characters in all", beyond: "MEMORY_LIMIT_EXCEEDED" },
    { what: "elements", bound: "2,000,000, 1,000 inside each other", beyond: "DESERIALIZATION_FAILED" },
    {
      what: "selectors that count siblings, or look inside (`:nth-child`, `~`, `+`, `:has`, `:contains`)",
      bound: "20,000 siblings; text × depth of 2,000,000,000",
      beyond: "EXECUTION_FAILED",
    },
  ],
} as const satisfies NodeType;
