import {
  handlesOfOutputs,
  input,
  type NodeType,
  output,
  sameAsData,
  sharedParameters,
} from "../../definition/node-type.js";

/** Runs Python over all that came in. */
export const python = {
  type: "python",
  name: "Python",
  description:
    "Runs Python over all that came in, in a Python process of this machine that all such nodes of a run share. It has the rights of the process that runs the flow: nothing is kept from it. Data crosses as JSON text in both directions, not as Arrow.",
  category: "transform",
  icon: "code",
  parameterSchema: {
    type: "object",
    required: ["code"],
    properties: {
      ...sharedParameters,
      timeout: {
        ...sharedParameters.timeout,
        description:
          "Time limit of the code, with the start of Python before the first one of a run; the default counts here as well. Beyond it Python and all that it started are ended.",
      },
      code: {
        type: "string",
        minLength: 1,
        "x-control": "code",
        description:
          "Python 3. The output is what it hands to `return`, or what its function `main` returns, else its variable `result`, else the value of its last line. It reads `inputs` (what the edges brought, by handle), `data` (the main value among it, also called `input`) and `variables`; `main` gets them, and inputs by handle, by the names of its parameters.",
        examples: [
          'return [row for row in data if row["total"] > 100]',
          "def main(orders, returns):\n    return len(orders) - len(returns)",
        ],
      },
      outputs: {
        type: "array",
        items: { type: "string", minLength: 1 },
        description:
          "Handles, in your words. The code then returns a dict with them as keys, and an edge that leaves by one brings its value; handles that are missing in it do not fire.",
        examples: [["accepted", "refused"]],
      },
      requirements: {
        type: "array",
        items: { type: "string", minLength: 1 },
        default: [],
        description:
          "Packages that the code needs, by the names under which they are installed or imported, without versions. The node fails where one is missing, and says how to install it; nothing is installed by itself.",
        examples: [["pandas", "scikit-learn"]],
      },
      python: {
        type: "string",
        minLength: 1,
        description:
          "The interpreter: a name that is looked up in the folders of PATH, a path, or the folder of a virtual environment. Without it `python3` (on Windows `python`).",
        examples: [".venv", "/usr/bin/python3.12"],
      },
      memoryLimit: {
        type: "integer",
        minimum: 268_435_456,
        default: 4_294_967_296,
        "x-unit": "bytes",
        description:
          "Memory that Python may ask for while the code runs (its address space), in bytes. Kept on Linux and FreeBSD only; elsewhere the node warns where it is given.",
      },
      maxBytes: {
        type: "integer",
        minimum: 1,
        default: 268_435_456,
        "x-unit": "bytes",
        description: "The most bytes of JSON text that the output may have.",
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
  outputPorts: [
    output(
      "result",
      "Result",
      "any",
      "What the code gave. DataFrames are lists of records, with an index that has a name as fields; dates are ISO text, bytes stay bytes, sets are sorted lists, NaN is null, numbers of more digits than JSON keeps are text.",
    ),
  ],
  otherOutputs: [
    output("handles", "Handles", "array", "With `outputs`: the handles that fired."),
    output("value", "Value", "any", "With `outputs`, instead of result: the object that the code returned."),
    output("stdout", "Standard Output", "string", "What the code printed, the first MiB of it."),
    output("stderr", "Standard Error", "string", "The same of standard error."),
  ],
  touches: ["runs-programs", "reads-files", "writes-files", "network"],
  needs: "programs",
  effects: "writes",
  limits: [
    {
      what: "processes",
      bound: "one for each run and interpreter, in which its nodes take turns",
      beyond: "nodes wait; what a node failed to survive is not there for the next one, which gets a new process",
    },
    {
      what: "time of the code",
      bound: "30 s, `timeout` or `policy: { timeout }` changes it",
      beyond: "TIMEOUT; SIGTERM for Python and all that it started, SIGKILL 2 s later",
    },
    {
      what: "memory of Python",
      bound: "4 GiB of address space, `memoryLimit` changes it; Linux and FreeBSD only",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
    {
      what: "the output",
      bound: "256 MiB of JSON text, `maxBytes` changes it; 10,000,000 values",
      beyond: "MEMORY_LIMIT_EXCEEDED",
    },
  ],
} as const satisfies NodeType;
