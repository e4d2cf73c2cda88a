import { input, type NodeType, output, sharedParameters } from "../node-type.js";
import { scriptParameters, whereParameters } from "../where.js";

/** Chooses a way. */
export const condition: NodeType = {
  type: "condition",
  name: "Condition",
  description: "Sends its input one way or the other.",
  category: "logic",
  icon: "split",
  parameterSchema: {
    type: "object",
    properties: {
      ...sharedParameters,
      ...whereParameters,
      ...scriptParameters,
      expression: { type: "string", minLength: 1, description: "JavaScript over input, item and variables." },
    },
  },
  inputPorts: [input("data", "Data", "any")],
  outputPorts: [output("true", "True", "any"), output("false", "False", "any")],
};
