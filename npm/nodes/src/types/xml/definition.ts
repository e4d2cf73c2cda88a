import { input, type NodeType, output, sameAsData, sharedParameters } from "../../definition/node-type.js";

/** Reads and writes XML. */
export const xml = {
  type: "xml",
  name: "XML",
  description: "Reads XML into objects, and writes objects as XML.",
  category: "data",
  icon: "code-xml",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      operation: {
        type: "string",
        enum: ["parse", "build"],
        default: "parse",
        description:
          'parse: an element becomes a field; attributes begin with @, text beside them or beside elements is #text. Elements of the same name are a list. Text beside elements is kept with its blanks, and #content has its order: text, and `{ element: name }` for the next element of that name. Elsewhere blanks between elements and at the ends of text are left out, but in CDATA and below xml:space="preserve". build: the same the other way round.',
      },
      lists: {
        type: "array",
        items: { type: "string", minLength: 1 },
        "x-when": { operation: ["parse"] },
        description: "parse: names of elements that are always lists, also where there is only one.",
        examples: [["item", "entry"]],
      },
      numbers: {
        type: "boolean",
        default: false,
        "x-when": { operation: ["parse"] },
        description:
          "parse: whether text that spells a number becomes one; `007` and numbers that would lose digits stay text.",
      },
      root: {
        type: "string",
        minLength: 1,
        "x-when": { operation: ["build"] },
        description: "build: the name of the outermost element, where the data is not an object with this one field.",
      },
      item: {
        type: "string",
        minLength: 1,
        default: "item",
        "x-when": { operation: ["build"] },
        description: "build: the name of the elements of a list that is the data.",
      },
      declaration: {
        type: "boolean",
        default: true,
        "x-when": { operation: ["build"] },
        description: 'build: whether the text begins with <?xml version="1.0" encoding="UTF-8"?>.',
      },
      indent: {
        type: "boolean",
        default: false,
        "x-when": { operation: ["build"] },
        description: "build: whether every element has a line of its own.",
      },
    },
  },
  inputPorts: [input("data", "Data", "any", "parse: the text. build: an object, a list or a table.", true)],
  otherInputs: [
    input("content", "Content", "any", "The same as data."),
    input("text", "Text", "any", "The same as data."),
    ...sameAsData,
  ],
  hasOpenInputs: false,
  outputPorts: [output("result", "Result", "any", "parse: an object with the outermost element. build: text.")],
  otherOutputs: [
    output("root", "Root", "string", "The name of the outermost element."),
    output("operation", "Operation", "string", "What was done."),
  ],
  touches: [],
  effects: "none",
  limits: [
    { what: "text", bound: "50 Mi characters", beyond: "INVALID_PARAMETERS" },
    { what: "elements inside each other", bound: "200", beyond: "DESERIALIZATION_FAILED; TYPE_MISMATCH for build" },
    { what: "entities", bound: "those of XML itself and numbers of characters", beyond: "DESERIALIZATION_FAILED" },
  ],
} as const satisfies NodeType;
