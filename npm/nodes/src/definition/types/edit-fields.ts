import { input, type NodeType, output, sharedParameters } from "../node-type.js";

/** Sets fields of an object. */
export const editFields: NodeType = {
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
          "Fields and their values; text is a template: {{a.b}}, {{#list}}…{{/list}}, {{variables.a}}, {{$now}}.",
      },
      keepOnlySet: { type: "boolean", default: false, description: "Whether fields of the input are left out." },
      nested: {
        type: "boolean",
        default: false,
        description: "Whether text inside lists and objects is a template too.",
      },
      escape: { type: "boolean", default: true, description: "Whether values are escaped for HTML." },
    },
  },
  inputPorts: [input("data", "Data", "object")],
  outputPorts: [output("data", "Data", "object"), output("result", "Result", "object")],
};
