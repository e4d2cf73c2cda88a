/** A flow as a tool of the Model Context Protocol: its name, what it takes, and the arguments of a call. */
import { createHash } from "node:crypto";
import { closeNames, meantText } from "@atomiton/nodes/definitions";
import { isObject } from "@atomiton/values";
import { isAmong, isDeclaration, isOfType, typeName, VARIABLE_TYPES } from "../../engine/declared-variables.js";
import type { SavedFlow } from "../../types/flow.js";

/** A flow that programs may call. */
export interface FlowTool {
  flowId: string;
  /** Unique among the tools of a server: 1 to 64 letters, digits, `_` and `-`. */
  name: string;
  /** For people. */
  title: string;
  description: string;
  parameters: readonly Parameter[];
}

/** One argument of a tool. */
interface Parameter {
  name: string;
  /** Whether it goes to the variable of this name, or to the input of the flow. */
  goesTo: "variable" | "input";
  type?: string;
  description?: string;
  isRequired: boolean;
  /** Missing without one. */
  preset?: unknown;
  choices?: readonly unknown[];
}

/** The arguments of a call, as a request takes them; or all that is wrong with them. */
export type GivenArguments =
  | { variables: Record<string, unknown>; inputs: Record<string, unknown> }
  | { problems: string[] };

type Json = Record<string, unknown>;

/** What clients take for a name. */
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_NAME = 64;

const KEYS = ["name", "description"];

/** Whether the metadata of a flow says that it is a tool: `tool: true`, or `tool: { name, description }`. */
export function saysTool({ metadata }: Pick<SavedFlow, "metadata">): boolean {
  const tool = (metadata as Json | undefined)?.tool;
  return tool !== undefined && tool !== null && tool !== false;
}

/** The flow as a tool, with the name that it asks for. Throws where what it says about that cannot be kept. */
export function toolOf(flow: SavedFlow): FlowTool {
  const { tool = true } = (flow.metadata ?? {}) as Json;
  const said = isObject(tool) ? tool : {};
  const refused = (rule: string) => new Error(`The flow \`${flow.id}\` is no tool: ${rule}`);
  if (!isObject(tool) && typeof tool !== "boolean" && tool !== null) {
    throw refused(`\`metadata.tool\` must be true, false or an object, found ${JSON.stringify(tool)}`);
  }
  const strange = Object.keys(said).filter((key) => !KEYS.includes(key));
  if (strange.length > 0) {
    throw refused(`\`metadata.tool\` has no setting ${strange.join(", ")}. Allowed: ${KEYS.join(", ")}`);
  }
  const { name, description } = said;
  if (name !== undefined && !(typeof name === "string" && NAME.test(name))) {
    throw refused("`metadata.tool.name` must be 1 to 64 letters, digits, _ and -");
  }
  if (description !== undefined && typeof description !== "string") {
    throw refused("`metadata.tool.description` must be a text");
  }
  const parameters = [...variablesOf(flow, refused), ...inputsOf(flow)];
  const doubled = parameters.find((one, index) => parameters.findIndex((other) => other.name === one.name) < index);
  if (doubled !== undefined) throw refused(`\`${doubled.name}\` is both a variable and an input`);
  const title = flow.name || flow.id;
  return {
    flowId: flow.id,
    name: (name as string | undefined) ?? nameFor(flow.id),
    title,
    description:
      (description as string | undefined) ?? descriptionOf(flow) ?? `Runs the flow ${JSON.stringify(title)}.`,
    parameters,
  };
}

/** The same tools with names of which no two are alike; a name is that of a tool as long as the others are the same. */
export function withOwnNames(tools: readonly FlowTool[]): FlowTool[] {
  const counts = new Map<string, number>();
  for (const { name } of tools) counts.set(name, (counts.get(name) ?? 0) + 1);
  const taken = new Set(counts.keys());
  return tools.map((tool) => {
    if (counts.get(tool.name) === 1 || tool.name === tool.flowId) return tool;
    const hash = createHash("sha256").update(tool.flowId).digest("hex");
    let length = 6;
    const named = () => `${tool.name.slice(0, LONGEST_NAME - 1 - length)}_${hash.slice(0, length)}`;
    while (taken.has(named()) && length < LONGEST_NAME - 2) length++;
    taken.add(named());
    return { ...tool, name: named() };
  });
}

/** The JSON Schema of the arguments. */
export function inputSchemaOf({ parameters }: FlowTool) {
  const required = parameters.filter(({ isRequired }) => isRequired).map(({ name }) => name);
  return {
    type: "object" as const,
    properties: Object.fromEntries(parameters.map((parameter) => [parameter.name, schemaOf(parameter)])),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

/** Checks the arguments of a call and tells variables from inputs. What is not given has the default of the flow. */
export function argumentsFor({ parameters }: FlowTool, given: Readonly<Json>): GivenArguments {
  const problems: string[] = [];
  const names = parameters.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const close = closeNames(name, names);
    const known = names.length === 0 ? "the tool takes none" : `the tool takes ${names.map(quoted).join(", ")}`;
    const hint = meantText(close);
    problems.push(`Unknown argument ${quoted(name)}; ${known}${hint}`);
  }
  for (const { name, isRequired, type, choices } of parameters) {
    if (!Object.hasOwn(given, name)) {
      if (isRequired) problems.push(`The argument ${quoted(name)} is missing`);
      continue;
    }
    const value = given[name];
    if (!isOfType(value, type)) {
      problems.push(`The argument ${quoted(name)} must be of type ${type}, found ${typeName(value)}`);
    } else if (choices !== undefined && !isAmong(choices, value)) {
      const allowed = choices.map((choice) => JSON.stringify(choice)).join(", ");
      problems.push(`The argument ${quoted(name)} must be one of ${allowed}`);
    }
  }
  if (problems.length > 0) return { problems };
  const of = (where: Parameter["goesTo"]) =>
    Object.fromEntries(
      parameters
        .filter(({ goesTo, name }) => goesTo === where && Object.hasOwn(given, name))
        .map(({ name }) => [name, given[name]]),
    );
  return { variables: of("variable"), inputs: of("input") };
}

/** The declared variables. One without a default has to be given, unless it says `required: false`. */
function variablesOf({ variables }: SavedFlow, refused: (rule: string) => Error): Parameter[] {
  return Object.entries((variables ?? {}) as Json).map(([name, declared]) => {
    if (!isDeclaration(declared)) {
      return { name, goesTo: "variable", isRequired: false, ...(declared !== null && { preset: declared }) };
    }
    const { type, description, defaultValue, required, enum: choices } = declared;
    if (required !== undefined && typeof required !== "boolean") {
      throw refused(`\`required\` of the variable \`${name}\` must be true or false`);
    }
    if (choices !== undefined && !(Array.isArray(choices) && choices.length > 0)) {
      throw refused(`\`enum\` of the variable \`${name}\` must be a list with something in it`);
    }
    return {
      name,
      goesTo: "variable",
      isRequired: required ?? defaultValue === undefined,
      ...typed(type),
      ...(typeof description === "string" && { description }),
      ...(defaultValue !== undefined && { preset: defaultValue }),
      ...(choices !== undefined && { choices }),
    };
  });
}

/** The input ports that an editor wrote into the flow. */
function inputsOf({ inputPorts }: SavedFlow): Parameter[] {
  if (!Array.isArray(inputPorts)) return [];
  return inputPorts.filter(isObject).flatMap(({ id, dataType, required, description }): Parameter[] => {
    if (typeof id !== "string") return [];
    const about = typeof description === "string" ? { description } : {};
    return [{ name: id, goesTo: "input", isRequired: required === true, ...typed(dataType), ...about }];
  });
}

function typed(type: unknown): { type?: string } {
  return typeof type === "string" && VARIABLE_TYPES.includes(type) ? { type } : {};
}

function schemaOf({ type, description, preset, choices }: Parameter): Json {
  return {
    ...(type !== undefined && { type }),
    ...(description !== undefined && { description }),
    ...(choices !== undefined && { enum: choices }),
    ...(preset !== undefined && { default: preset }),
  };
}

function descriptionOf({ description, metadata }: SavedFlow): string | undefined {
  return [description, metadata?.description].find(
    (text): text is string => typeof text === "string" && text.trim() !== "",
  );
}

function nameFor(id: string): string {
  return id.replace(/[^A-Za-z0-9_-]+/g, "_").slice(0, LONGEST_NAME) || "flow";
}

/** The longest name that a message repeats. */
const LONGEST_QUOTE = 100;

function quoted(name: string): string {
  return `\`${name.slice(0, LONGEST_QUOTE)}\``;
}
