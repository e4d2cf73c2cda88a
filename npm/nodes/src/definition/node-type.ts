import type { Effects, EffectsOf } from "../contract/effects.js";
import type { NodeFieldControlType } from "./fields.js";

/** The part of JSON Schema in which parameters are described. */
export interface ParameterSchema {
  type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";
  description?: string;
  enum?: readonly (string | number | boolean | null)[];
  required?: readonly string[];
  properties?: Readonly<Record<string, ParameterSchema>>;
  items?: ParameterSchema;
  anyOf?: readonly ParameterSchema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  default?: unknown;
  /** Values as people write them. */
  examples?: readonly unknown[];
  /** A number of ms that may also be written as a duration, such as `10s` or `1.5h`. */
  "x-duration"?: true;
  /** What a number counts. */
  "x-unit"?: "ms" | "bytes";
  /** What a form shows for it, where the type does not say. */
  "x-control"?: NodeFieldControlType;
  /**
   * Other parameters of the same object, each with the values beside which this one is read; it is warned of beside others. The
   * description begins with them.
   */
  "x-when"?: Readonly<Record<string, readonly (string | boolean)[]>>;
  /** What to say instead of the general message when the value is missing or empty. */
  "x-required-message"?: string;
}

/** A place where values enter or leave a node. */
export interface NodePort {
  id: string;
  name: string;
  type: "input" | "output";
  dataType: "any" | "array" | "object" | "string" | "number" | "boolean";
  required: boolean;
  multiple: boolean;
  /** What the value is, for people. */
  description?: string;
}

/** A part of the world outside of the flow that a node may touch. A type with none works on its input alone. */
export type NodeTouch = "reads-files" | "writes-files" | "network" | "runs-programs";

/** A setting of a conductor by which its owner may keep nodes from a part of the world. */
export type NodeNeed = "files" | "network" | "programs";

/** A bound that a node keeps to. */
export interface NodeLimit {
  /** What is bounded. */
  what: string;
  /** The bound with its unit, and how to change it where that is possible. */
  bound: string;
  /** What happens beyond it. */
  beyond: string;
}

/** Something wrong with a parameter. */
export interface ParameterProblem {
  code: "INVALID_PARAMETERS";
  severity: "error" | "warning";
  /** The rule that is broken, in kebab-case. */
  rule: string;
  /** JSON pointer into the parameters. */
  path: string;
  message: string;
}

/** The JavaScript of code in TypeScript, with the same lines; or why it cannot be parsed, and where, from 1. */
export type Stripped = { code: string } | { message: string; line: number; column: number };

/** What parses text at once and without running it. What a place cannot parse is found out when the node runs. */
export interface Parsers {
  /** JavaScript; says why it cannot be parsed, and where, from 1. */
  script?(code: string): { message: string; line: number; column: number } | undefined;
  /** TypeScript, of a function or the body of one; gives its JavaScript. `undefined` where nothing that reads it is installed. */
  typescript?(code: string): Stripped | undefined;
  /** A template of `edit-fields`; says why it cannot be parsed. */
  template?(text: string): string | undefined;
  /** A cron pattern, and the time zone that it is read in; says why it cannot be read, or that no time fits it. */
  cron?(pattern: string, timezone: string | undefined): string | undefined;
}

/** All that is known of a type of node before it runs. */
export interface NodeType {
  type: string;
  name: string;
  description: string;
  category: string;
  icon: string;
  /** Describes the parameters; `default` gives what a missing one is taken as. */
  parameterSchema: ParameterSchema & { type: "object"; properties: Readonly<Record<string, ParameterSchema>> };
  inputPorts: readonly NodePort[];
  outputPorts: readonly NodePort[];
  /** Handles that the node looks at beside its ports, which editors do not draw. */
  otherInputs: readonly NodePort[];
  /** Whether the node looks at inputs of any other name as well. */
  hasOpenInputs: boolean;
  /** Whether it may read other parameters than those of its schema. */
  hasOpenParameters?: boolean;
  /**
   * Keys of the output beside its ports. An edge brings the whole output, whichever of them it leaves; where the type is
   * {@link routed}, these are for expressions, and an edge that leaves by one of them carries nothing.
   */
  otherOutputs: readonly NodePort[];
  /** Whether an edge may leave it by handles of any other name as well: those that its parameters name. */
  hasOpenOutputs?: boolean;
  /** The handles that parameters name; `undefined` where they are not known yet, or any makes sense. */
  handles?(parameters: Record<string, unknown>): readonly string[] | undefined;
  /** Its output names the ports that carry it; an edge from another one carries nothing. */
  routed?: true;
  /** What the schema cannot say of parameters, such as that their code can be parsed. */
  problems?(parameters: Record<string, unknown>, parsers: Parsers): ParameterProblem[];
  /** It stands at the start of a flow and begins executions of it, once the flow is saved where triggers are watched. */
  isTrigger?: true;
  /** It is there for the nodes inside it, which the engine runs; a flow that has it without any is refused. */
  isContainer?: true;
  touches: readonly NodeTouch[];
  /** What no node of the type does anything without, by the name of the owner's setting for it; missing where some do. */
  needs?: NodeNeed;
  /** What carrying out a node does to the world, for all nodes or by their parameters. */
  effects: Effects | EffectsOf;
  /** The same in words, where the parameters decide. */
  effectsNote?: string;
  limits: readonly NodeLimit[];
}

/** A number of ms, or a duration as text. */
export const milliseconds = { type: "number", "x-duration": true, "x-unit": "ms" } as const satisfies ParameterSchema;

/** Parameters that every type takes. */
export const sharedParameters = {
  enabled: {
    type: "boolean",
    default: true,
    description: "Whether the node runs. A disabled node is skipped and passes its input on.",
  },
  timeout: {
    ...milliseconds,
    minimum: 1,
    default: 30000,
    description: "Time limit, if it is not the default. `policy: { timeout }` is the place where every value counts.",
    examples: ["10s", 60000],
  },
  retries: {
    type: "integer",
    minimum: 0,
    default: 1,
    description: "Further attempts after a failure, if it is not the default. `policy: { retries }` always counts.",
  },
  label: { type: "string", description: "A name for editors to show." },
  description: { type: "string", "x-control": "textarea", description: "A note for readers; nothing acts on it." },
} as const satisfies Record<string, ParameterSchema>;

type Carries = NodePort["dataType"];

/** An input port. */
export function input<Id extends string, Data extends Carries>(
  id: Id,
  name: string,
  dataType: Data,
  description: string,
  required = false,
): NodePort & { id: Id; dataType: Data } {
  return { id, name, type: "input", dataType, required, multiple: false, description };
}

/** Where what a port takes arrives as well: what an edge brings that names the handle `input`, or none. */
export function sameAs<Data extends Carries>(port: string, dataType: Data) {
  return [
    input("input", "Input", dataType, `The same as ${port}.`),
    input("default", "Default", dataType, `The same as ${port}; where an edge leads that names no handle.`),
  ] as const;
}

/** The same for the port `data`, which takes anything. */
export const sameAsData = sameAs("data", "any");

/** The handles that a parameter `outputs` names; `undefined` where an expression will say. */
export function handlesOfOutputs({ outputs }: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  return Array.isArray(outputs) && outputs.every((name) => typeof name === "string" && !name.includes("\u0024{{"))
    ? outputs
    : undefined;
}

/** An output port. */
export function output<Id extends string, Data extends Carries>(
  id: Id,
  name: string,
  dataType: Data,
  description: string,
): NodePort & { id: Id; dataType: Data } {
  return { id, name, type: "output", dataType, required: false, multiple: false, description };
}

/** The values that parameters have when none are given. */
export function defaultsOf(nodeType: NodeType): Record<string, unknown> {
  const defaults: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(nodeType.parameterSchema.properties)) {
    if (schema.default !== undefined) defaults[key] = structuredClone(schema.default);
  }
  return defaults;
}
