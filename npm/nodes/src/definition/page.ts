/** What is known of a type of node, as Markdown that reads well as plain text too. */

import { type NodeExample, nodeExamples } from "../types/examples.js";
import { effectsText } from "./effects-text.js";
import type { NodePort, NodeType, ParameterSchema } from "./node-type.js";

const TOUCHES = {
  "reads-files": "reads files",
  "writes-files": "writes files",
  network: "talks to the network",
  "runs-programs": "runs programs",
} as const;

/** The parts of the world that a node may touch, in words. */
export function touchesText({ touches }: Pick<NodeType, "touches">): string {
  return touches.length === 0 ? "nothing" : touches.map((touch) => TOUCHES[touch]).join(", ");
}

/** The page of a type: what it touches and its effects, parameters, handles, limits, examples. */
export function nodeTypePage(nodeType: NodeType): string {
  const { type, name, description, category, parameterSchema, limits } = nodeType;
  const { properties, required = [] } = parameterSchema;
  const sections = [
    `# ${type}\n\n${name}: ${description} Category: ${category}.\n\nTouches: ${touchesText(nodeType)}. Effects: ${effectsText(nodeType)}.`,
    `## Parameters\n\n${Object.entries(properties)
      .map(([key, schema]) => parameterText(key, schema, required.includes(key), ""))
      .join("\n")}`,
    "A number of ms may be written as a duration: `250ms`, `10s`, `5m`, `1.5h` or `2d`. Retries, delays and time limits that " +
      "always count belong into the node's `policy`.",
    `## Inputs\n\n${inputsText(nodeType)}`,
    `## Outputs\n\n${outputsText(nodeType)}`,
    ...(limits.length === 0
      ? []
      : [
          `## Limits\n\n${limits.map(({ what, bound, beyond }) => `- ${what}: ${bound}. Beyond: ${beyond}.`).join("\n")}`,
        ]),
    `## Examples\n\n${nodeExamples(type).map(exampleText).join("\n\n")}`,
  ];
  return `${sections.join("\n\n")}\n`;
}

function inputsText({ inputPorts, otherInputs, hasOpenInputs }: NodeType): string {
  const ports = portsText([...inputPorts, ...otherInputs]);
  if (ports === "" && !hasOpenInputs) return "None.";
  const open = hasOpenInputs ? "- any other name: seen by templates and expressions under that name" : "";
  const list = [ports, open].filter((part) => part !== "").join("\n");
  return `An edge brings its value under its \`targetHandle\`, or under \`default\` where it names none.\n\n${list}`;
}

/** Edges leave a routed type by its ports alone; of any other type an edge brings the whole output. */
function outputsText({ outputPorts, otherOutputs, hasOpenOutputs, routed }: NodeType): string {
  const open = hasOpenOutputs ? "\n- any other name that the parameters give to a handle" : "";
  if (!routed || otherOutputs.length === 0) return `${portsText([...outputPorts, ...otherOutputs])}${open}`;
  const [{ id }] = otherOutputs as [NodePort];
  const beside = `For expressions and code, as in \`nodes.ID.${id}\`; an edge that leaves by one of these carries nothing:`;
  const leaving = `${portsText(outputPorts)}${open}`;
  const handles =
    leaving === ""
      ? "No edge leaves but by `error`, which a failure takes."
      : `Handles by which edges leave:\n\n${leaving}`;
  return `${handles}\n\n${beside}\n\n${portsText(otherOutputs)}`;
}

function parameterText(key: string, schema: ParameterSchema, isRequired: boolean, indent: string): string {
  const facts = [kindText(schema)];
  if (isRequired) facts.push("required");
  if (schema.default !== undefined) facts.push(`default ${code(schema.default)}`);
  const examples = (schema.examples ?? []).map(code).join(", ");
  const text = `${indent}- \`${key}\` (${facts.join("; ")})${schema.description === undefined ? "" : `: ${schema.description}`}${
    examples === "" ? "" : ` Such as ${examples}.`
  }`;
  const inner = schema.items?.properties ?? schema.properties ?? {};
  const needed = schema.items?.required ?? schema.required ?? [];
  const below = Object.entries(inner).map(([name, part]) =>
    parameterText(name, part, needed.includes(name), `${indent}  `),
  );
  return [text, ...below].join("\n");
}

function kindText(schema: ParameterSchema): string {
  if (schema.enum) return schema.enum.map(code).join(", ");
  if (schema.anyOf) return schema.anyOf.map(kindText).join(" or ");
  if (schema["x-duration"]) return `ms or a duration${boundsText(schema)}`;
  if (schema.type === "array") return schema.items?.type === "string" ? "list of text" : "list";
  const kinds = { string: "text", integer: "whole number", number: "number", boolean: "true or false" } as const;
  const kind = kinds[schema.type as keyof typeof kinds] ?? schema.type ?? "anything";
  return `${kind}${schema["x-unit"] === undefined ? "" : ` of ${schema["x-unit"]}`}${boundsText(schema)}`;
}

function boundsText({ minimum, maximum }: ParameterSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  return minimum === undefined ? "" : ` from ${minimum}`;
}

function portsText(ports: readonly NodePort[]): string {
  const line = ({ id, dataType, required, description }: NodePort) =>
    `- \`${id}\` (${dataType}${required ? "; required" : ""})${description === undefined ? "" : `: ${description}`}`;
  return ports.map(line).join("\n");
}

function exampleText({ title, flow, input, files, answers, outputs, isPart }: NodeExample): string {
  const parts = [`### ${title}`];
  for (const [path, text] of Object.entries(files ?? {})) {
    if (text !== "") parts.push(`The file \`${path}\`:\n\n${block("", text)}`);
  }
  if (input !== undefined) parts.push(`Input of the flow:\n\n${block("json", json(input))}`);
  parts.push(block("yaml", flow));
  if (answers !== undefined) parts.push(`Answered with:\n\n${block("json", json(answers))}`);
  parts.push(`What its nodes give${isPart ? ", among other things" : ""}:\n\n${block("json", json(outputs))}`);
  return parts.join("\n\n");
}

function json(value: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(value).map(([key, part]) => `  ${JSON.stringify(key)}: ${inline(part)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** JSON in one line, with a space where people put one. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, part]) => `${JSON.stringify(key)}: ${inline(part)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text}${text.endsWith("\n") ? "" : "\n"}\`\`\``;
}

function code(value: unknown): string {
  return `\`${inline(value)}\``;
}
