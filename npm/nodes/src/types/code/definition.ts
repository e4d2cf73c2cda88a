import { bodyProblems } from "../../definition/code.js";
import {
  handlesOfOutputs,
  input,
  type NodeType,
  output,
  sameAsData,
  sharedParameters,
} from "../../definition/node-type.js";
import { scriptLimits, scriptParameters } from "../../definition/where.js";
import { typeScriptAdvice } from "../../typescript/advice.js";

/** Runs JavaScript or TypeScript over all that came in. */
export const code = {
  type: "code",
  name: "Code",
  description: "Runs JavaScript or TypeScript over all that came in, in a sandbox.",
  category: "transform",
  icon: "code",
  parameterSchema: {
    type: "object",
    required: ["code"],
    properties: {
      ...sharedParameters,
      ...scriptParameters,
      code: {
        type: "string",
        minLength: 1,
        description:
          "JavaScript, or what `language` says, and nothing that is awaited: a function, or the body of one with `return`. It reads inputs (what the edges brought, by handle), data (the main value among it), variables and the other names of expressions; a function is also called with { inputs, data, variables }. What it writes with console.log is the output stdout.",
        examples: ["({ inputs }) => inputs.orders.length - inputs.returns.length", "return data.map((row) => row.id);"],
      },
      language: {
        type: "string",
        enum: ["javascript", "typescript"],
        default: "javascript",
        description:
          "The language of `code`. Of `typescript` the types are taken out before it runs, and are not checked; enums and `import type` may stand, namespaces, parameter properties and casts such as `<T>value` may not. On a machine it needs the package @swc/wasm-typescript (`npm install @swc/wasm-typescript`).",
      },
      outputs: {
        type: "array",
        items: { type: "string", minLength: 1 },
        description:
          "Handles, in your words. The code then returns an object with them as fields, and an edge that leaves by one brings its field; handles that are missing in it do not fire.",
        examples: [["accepted", "refused"]],
      },
    },
  },
  inputPorts: [
    input(
      "data",
      "Data",
      "any",
      "What the code finds as data; an edge may lead to any other name as well. In the first nodes of a loop the item, if none leads to it.",
    ),
  ],
  otherInputs: [...sameAsData],
  hasOpenInputs: true,
  hasOpenOutputs: true,
  handles: handlesOfOutputs,
  problems: ({ code: text, language }, parsers) =>
    bodyProblems("code", text, parsers, language).map((problem) =>
      language === undefined || language === "javascript"
        ? { ...problem, message: `${problem.message}${typeScriptAdvice(String(text))}` }
        : problem,
    ),
  outputPorts: [output("result", "Result", "any", "What the code returned.")],
  otherOutputs: [
    output("handles", "Handles", "array", "With `outputs`: the handles that fired."),
    output("value", "Value", "any", "With `outputs`, instead of result: the object that the code returned."),
    output(
      "stdout",
      "Standard Output",
      "string",
      "What the code wrote with `console`, if it did: the first 65,536 characters.",
    ),
  ],
  touches: [],
  // The code may read the clock and draw random numbers.
  effects: "reads",
  limits: scriptLimits,
} as const satisfies NodeType;
