/** What the parameter `tools` holds, and what is wrong with it. */
import { closeNames, meantText } from "../../contract/close-names.js";
import { isPlainObject, type PlainObject } from "../../data/input.js";

/** A tool with what it runs: a flow, or a node. */
export interface Tool {
  name: string;
  description?: string;
  /** JSON Schema of the arguments. */
  parameters?: PlainObject;
  flow?: string;
  variables?: Record<string, unknown>;
  node?: { type: string; parameters?: Record<string, unknown> };
}

/** Tools that endpoints take. */
const MOST_TOOLS = 128;
const NAME = /^[\w-]{1,64}$/;
const KEYS = ["name", "description", "parameters", "flow", "variables", "node"];

/** What is wrong with tools; `undefined` where nothing is. What an expression stands for is not looked at. */
export function toolsProblem(tools: unknown, options: unknown): string | undefined {
  if (!Array.isArray(tools) || tools.length === 0) return undefined;
  if (isPlainObject(options) && Object.hasOwn(options, "tools")) {
    return "`tools` and `options.tools` cannot be told apart in an answer: what the node is to run stands in `tools`, what it is only to report in `options.tools`, and a node has one of them";
  }
  if (tools.length > MOST_TOOLS) return `There are ${tools.length} \`tools\`, and a model takes ${MOST_TOOLS} at most`;
  const names = new Set<unknown>();
  for (const [position, tool] of tools.entries()) {
    const problem = toolProblem(tool, `tools[${position}]`);
    if (problem !== undefined) return problem;
    const { name } = tool as Tool;
    if (names.has(name)) return `There are two tools \`${name}\`; each needs a name of its own`;
    names.add(name);
  }
  return undefined;
}

/** Types whose parameters are code that may read the variables of its flow. */
const HAS_CODE: ReadonlySet<unknown> = new Set(["code", "transform", "condition"]);
const READS_VARIABLES = /(?<![\w$.])variables\s*(?:\?\.|[.[])/;

function toolProblem(tool: unknown, place: string): string | undefined {
  if (!isPlainObject(tool))
    return `\`${place}\` must be \`{ name, description, parameters }\` with \`flow\` or \`node\``;
  const { name, parameters, flow, variables, node } = tool;
  const strange = Object.keys(tool).find((key) => !KEYS.includes(key));
  if (strange !== undefined) return `\`${place}\` has no \`${strange}\`${meantText(closeNames(strange, KEYS))}`;
  if (typeof name !== "string" || !NAME.test(name)) {
    return `\`${place}.name\` must be 1 to 64 letters, digits, \`_\` and \`-\`, as models take no other names`;
  }
  if ((flow === undefined) === (node === undefined)) {
    const found = flow === undefined ? "has nothing to run" : "has both `flow` and `node`";
    return `The tool \`${name}\` ${found}: it needs a \`flow\`, or a \`node\`. What is only to be reported stands in \`options: { tools }\``;
  }
  if (flow !== undefined && (typeof flow !== "string" || flow === "")) {
    return `\`${place}.flow\` must be the id of a flow, or the path of its file`;
  }
  if (node !== undefined) {
    if (!isPlainObject(node) || typeof node["type"] !== "string" || !isObjectOrMissing(node["parameters"])) {
      return `\`${place}.node\` must be \`{ type, parameters }\``;
    }
    if (HAS_CODE.has(node["type"]) && READS_VARIABLES.test(JSON.stringify(node["parameters"] ?? {}))) {
      return `The code of the tool \`${name}\` reads \`variables\`, and a node that is a tool gets none: write their values into it by \`\u0024{{ variables.name }}\`, or have the tool run a \`flow\` with \`variables\``;
    }
    if (variables !== undefined) return `\`${place}.variables\` are those of a \`flow\`, and the tool runs a \`node\``;
  }
  if (!isObjectOrMissing(variables)) return `\`${place}.variables\` must be an object`;
  const { type, properties } = (parameters ?? {}) as PlainObject;
  if (!isObjectOrMissing(parameters) || (type !== undefined && type !== "object") || !isObjectOrMissing(properties)) {
    return `\`${place}.parameters\` must be a JSON Schema of an object, whose \`properties\` are the arguments`;
  }
  return undefined;
}

function isObjectOrMissing(value: unknown): boolean {
  return value === undefined || isPlainObject(value);
}
