/** Node types of an application's own: described once, checked and typed from that. */
import { type Effects, type EffectsOf, isEffects } from "../contract/effects.js";
import { NodeError } from "../contract/error.js";
import type { NodeExecutable, NodeParams } from "../contract/executable.js";
import { foundText } from "../contract/issues.js";
import { runEnd } from "../contract/run-end.js";
import { isPlainObject, type PlainObject, unwrap } from "../data/input.js";
import {
  input,
  type NodePort,
  type NodeTouch,
  type NodeType,
  output,
  sharedParameters,
} from "../definition/node-type.js";
import { after } from "../library/after.js";
import { letBeRead } from "../library/written-files.js";
import { plainValue } from "../table/port-value.js";
import { check } from "./check.js";
import { CONTEXT_KEYS, type DescribedParameters, describeParameters, jsonSchemaOf, refusal } from "./described.js";
import type { AnySchema, Parsed, Written } from "./schema.js";

/** Where a node writes what is for the log; called itself, it is `info`. */
export interface NodeLog {
  (message: string, ...details: unknown[]): void;
  debug(message: string, ...details: unknown[]): void;
  info(message: string, ...details: unknown[]): void;
  warn(message: string, ...details: unknown[]): void;
  error(message: string, ...details: unknown[]): void;
}

/** What `execute` is called with. What is made on demand (`signal`, `progress`, `log` …) costs nothing unless it is read. */
export interface NodeCall<Parameters = Record<string, unknown>, Inputs = Record<string, unknown>> {
  /** Checked, with defaults. */
  readonly parameters: Parameters;
  /** By handle. Those that the type declares are checked; where it declares none, all that came in. */
  readonly inputs: Inputs;
  /** What came in, untouched. */
  readonly input: unknown;
  /** Shared by all nodes of the run, by reference. */
  readonly variables: Record<string, unknown>;
  readonly nodeId: string;
  readonly executionId: string;
  /** Fires when this attempt is cancelled or has taken too long. */
  readonly signal: AbortSignal;
  /** 1 for the first try, 2 for the first retry. */
  readonly attempt: number;
  /** The same for every attempt at this step, also after a restart; for effects that must not happen twice. */
  readonly idempotencyKey: string;
  /** Tells how far the node is, 0–100, with a word about it. */
  readonly progress: (percent: number, message?: string) => void;
  /** Puts something that the flow's author should know of into the result's `warnings`; `rule` is in kebab case. */
  readonly warn: (rule: string, message: string) => void;
  readonly log: NodeLog;
}

type Inputs = Readonly<Record<string, AnySchema>>;
type ParametersOf<P> = P extends AnySchema ? Parsed<P> : Record<string, unknown>;
type InputsOf<I> = string extends keyof I ? Record<string, unknown> : { readonly [H in keyof I]: Parsed<I[H]> };

/** A node type as its author writes it. */
export interface NodeTypeDefinition<Type extends string, P, I, H extends string, Output> {
  /** What flows call it. */
  type: Type;
  /** What editors call it. Default: the type. */
  title?: string;
  description?: string;
  /** For catalogues. Default `custom`. */
  category?: string;
  icon?: string;
  /** Schema of the parameters, an object: of zod or any other library with the Standard Schema interface, or JSON Schema. */
  parameters?: P;
  /**
   * Schemas of the inputs by handle, which are checked as well. Without it a node takes whatever comes in. Where there is
   * one only, an edge that names no handle leads to it.
   */
  inputs?: I;
  /** Handles on which an output may be `routed`, or the same with a description for each. */
  outputs?: readonly H[] | Readonly<Record<H, string>>;
  /** The parts of the world outside of the flow that it may touch, for people. Default: none. */
  touches?: readonly NodeTouch[];
  /**
   * What carrying out a node does to the world: `none`, `reads` or `writes`, or a function of a node's parameters that tells.
   * Default: `writes`, so that all that came before is safe from a crash before it starts.
   */
  effects?: Effects | EffectsOf;
  /**
   * Changes with what `execute` does, such as `1.2.0`. Outputs that a cache keeps in a store are taken again only by the same
   * version; of a type without one, they are taken again only within the process that made them. An execution that is kept goes on only
   * with the major version, the number before the first dot, that it began with.
   */
  version?: string;
  /** Gives the output of the node, or a promise of it. What it throws fails the node: see `NodeError` for codes. */
  execute(call: NodeCall<ParametersOf<P>, InputsOf<I>>): Output | Promise<Output>;
}

/** What the types of a defined node are, for the compiler alone: it has no value. */
export interface DefinedTypes<Parameters, InputHandles extends string, OutputHandles extends string, Output> {
  parameters: Parameters;
  inputs: InputHandles;
  outputs: OutputHandles;
  output: Output;
}

/** A node type that conductors, validation and tests take: what is known of it, and what it does. */
export interface DefinedNode<
  Type extends string = string,
  // biome-ignore lint/suspicious/noExplicitAny: a list of types may hold any
  Types extends DefinedTypes<any, string, string, unknown> = DefinedTypes<any, string, string, any>,
> extends NodeType,
    NodeExecutable<NodeParams, Promise<Types["output"]>> {
  readonly type: Type;
  readonly effects: Effects | EffectsOf;
  /** For the compiler alone. */
  readonly "~node"?: Types;
}

type WrittenParameters<P> = P extends AnySchema ? Written<P> : Record<string, unknown>;
type HandlesOf<I> = string extends keyof I ? string : keyof I & string;

/**
 * Defines a node type. Parameters and declared inputs are checked before `execute` is called: INVALID_PARAMETERS and
 * TYPE_MISMATCH say in a sentence for each what was found and what is allowed.
 *
 * @throws NodeError INVALID_PARAMETERS for a definition that cannot be used: no type, effects that there are not, a version that is
 *   no text, a parameter named as a key of the context, a keyword of JSON Schema that would not be checked
 */
export function defineNode<
  const Type extends string,
  const P extends AnySchema | undefined = undefined,
  const I extends Inputs = Inputs,
  const H extends string = never,
  Output = unknown,
>(
  definition: NodeTypeDefinition<Type, P, I, H, Output>,
): DefinedNode<Type, DefinedTypes<WrittenParameters<P>, HandlesOf<I>, [H] extends [never] ? string : H, Output>> {
  const { type, title, description = "", category = "custom", icon = "code-2" } = definition;
  const { touches = [], effects = "writes", version } = definition;
  if (typeof type !== "string" || type === "") throw refusal(String(type), "`type` must be text that is not empty");
  if (typeof definition.execute !== "function") throw refusal(type, "`execute` must be a function");
  if (typeof effects !== "function" && !isEffects(effects)) {
    throw refusal(
      type,
      `\`effects\` must be none, reads, writes, or a function that gives one of them, found ${foundText(effects)}; what it touches, such as network, belongs into \`touches\``,
    );
  }
  if (version !== undefined && (typeof version !== "string" || version === "")) {
    throw refusal(type, `\`version\` must be text that is not empty, found ${foundText(version)}`);
  }
  const described = describeParameters(type, definition.parameters);
  const inputs = Object.entries<AnySchema>(definition.inputs ?? {});
  const run = definition.execute.bind(definition) as (call: NodeCall) => Output | Promise<Output>;
  return {
    type,
    name: title ?? type,
    description,
    category,
    icon,
    parameterSchema: described.schema,
    inputPorts: inputs.map(([handle, schema]) => inputPort(type, handle, schema)),
    otherInputs:
      inputs.length === 1 ? [input("default", "Default", "any", "The same; where an edge names no handle.")] : [],
    hasOpenInputs: inputs.length === 0,
    hasOpenParameters: described.isOpen,
    outputPorts: outputsOf(definition.outputs).map(([handle, text]) => output(handle, handle, "any", text)),
    otherOutputs: [],
    touches: [...touches],
    effects,
    ...(version !== undefined && { version }),
    limits: [],
    execute(params) {
      const brought = Object.hasOwn(params, "input") ? params["input"] : undefined;
      let answer: Output | Promise<Output>;
      if (effects !== "none") letBeRead(() => params[runEnd]);
      try {
        answer = after(parametersOf(type, definition.parameters, parametersIn(params, described)), (parameters) =>
          after(inputsIn(type, inputs, brought), (found) =>
            after(run(new AttemptCall(params, parameters as PlainObject, found, brought)), (given) =>
              refuseGenerator(type, given),
            ),
          ),
        );
      } catch (error) {
        return Promise.reject(error);
      }
      // A conductor takes what is there at once as it is: a promise for each node would cost more than most nodes do.
      return isOfConductor(params) ? (answer as Promise<Output>) : Promise.resolve(answer);
    },
  };
}

function inputPort(type: string, handle: string, schema: AnySchema): NodePort {
  const { type: kind, description, default: otherwise } = jsonSchemaOf(type, schema, `inputs.${handle}`) ?? {};
  const known = ["array", "object", "string", "number", "boolean"] as const;
  const dataType = kind === "integer" ? "number" : (known.find((name) => name === kind) ?? "any");
  const text = typeof description === "string" ? description : "";
  return input(handle, handle, dataType, text, kind !== undefined && otherwise === undefined);
}

function outputsOf(outputs: readonly string[] | Readonly<Record<string, string>> | undefined): [string, string][] {
  if (outputs === undefined) return [];
  return Array.isArray(outputs) ? outputs.map((handle: string) => [handle, ""]) : Object.entries(outputs as object);
}

/** Nothing would ask a generator for what it gives. */
function refuseGenerator<Output>(type: string, answer: Output): Output {
  if (typeof answer !== "object" || answer === null || !(Symbol.toStringTag in answer)) return answer;
  const kind = Object.prototype.toString.call(answer);
  if (kind !== "[object AsyncGenerator]" && kind !== "[object Generator]") return answer;
  throw new NodeError(
    "TYPE_MISMATCH",
    `[${type}] \`execute\` is a generator: collect what it gives, and return a list`,
  );
}

/** The parameters out of the flat object that an executable is called with. */
function parametersIn(params: NodeParams, { names }: DescribedParameters): PlainObject {
  const found: PlainObject = {};
  for (const key of Object.keys(params)) {
    const value = params[key];
    if (CONTEXT_KEYS.has(key) || value === undefined) continue;
    // Those that every type has are not the author's to know of.
    if (names !== undefined && !names.has(key) && Object.hasOwn(sharedParameters, key)) continue;
    // A parameter of this name is one like any other.
    if (key === "__proto__") {
      Object.defineProperty(found, key, { value, writable: true, enumerable: true, configurable: true });
    } else found[key] = value;
  }
  return found;
}

function parametersOf(type: string, schema: AnySchema | undefined, given: PlainObject): unknown {
  if (schema === undefined) return given;
  return after(check(schema, given), (result) => {
    if ("value" in result) return result.value;
    throw result.error("INVALID_PARAMETERS", `Invalid ${type} parameters`);
  });
}

function inputsIn(
  type: string,
  declared: readonly [string, AnySchema][],
  brought: unknown,
): PlainObject | Promise<PlainObject> {
  const came: PlainObject = isPlainObject(brought) ? brought : brought === undefined ? {} : { default: brought };
  if (declared.length === 0) return came;
  const inputs: PlainObject = {};
  const from = (at: number): PlainObject | Promise<PlainObject> => {
    const next = declared[at];
    if (next === undefined) return inputs;
    const [handle, schema] = next;
    const isDefault = declared.length === 1 && !Object.hasOwn(came, handle);
    const name = isDefault ? "default" : handle;
    const value = Object.hasOwn(came, name) ? came[name] : undefined;
    return after(checkedInput(type, handle, schema, value, came), (checked) => {
      inputs[handle] = checked;
      return from(at + 1);
    });
  };
  return from(0);
}

/** A declared input. Where only the data in what a node of the library gave passes, that is taken. */
function checkedInput(type: string, handle: string, schema: AnySchema, value: unknown, came: PlainObject): unknown {
  return after(check(schema, value), (result) => {
    if ("value" in result) return result.value;
    const refuse = (): never => {
      if (value !== undefined) throw result.error("TYPE_MISMATCH", `The input \`${handle}\` of ${type} does not fit`);
      throw missing(type, handle, came);
    };
    const data = plainValue(unwrap(value));
    if (data === value) return refuse();
    return after(check(schema, data), (inner) => ("value" in inner ? inner.value : refuse()));
  });
}

function missing(type: string, handle: string, came: PlainObject): NodeError {
  const handles = Object.keys(came).map((name) => `\`${name}\``);
  const found = handles.length === 0 ? "nothing came in" : `what came in is on ${handles.join(", ")}`;
  return new NodeError(
    "TYPE_MISMATCH",
    `The input \`${handle}\` of ${type} is missing; ${found}. Lead an edge to it with \`targetHandle: ${handle}\`; where there is one, the node that it leads from was skipped, or gave nothing`,
  );
}

const nothing = (): void => {};
const silent: NodeLog = Object.assign(() => {}, { debug: nothing, info: nothing, warn: nothing, error: nothing });

/** What a conductor gives an attempt lies on the prototype, where no parameter of the same name hides it. */
function ofAttempt(params: NodeParams, name: string): unknown {
  const from = Object.getPrototypeOf(params) as object | null;
  return isOfConductor(params, from) && name in from ? Reflect.get(from, name, params) : params[name];
}

function isOfConductor(params: NodeParams, from: unknown = Object.getPrototypeOf(params)): from is object {
  return from !== null && from !== Object.prototype;
}

/** What is made on demand lies on the prototype: an object with getters of its own costs more than most nodes do. */
class AttemptCall implements NodeCall {
  readonly #params: NodeParams;
  readonly variables: Record<string, unknown>;
  readonly nodeId: string;
  readonly executionId: string;

  constructor(
    params: NodeParams,
    readonly parameters: PlainObject,
    readonly inputs: PlainObject,
    readonly input: unknown,
  ) {
    this.#params = params;
    this.variables = (params["variables"] ?? {}) as Record<string, unknown>;
    this.nodeId = String(params["nodeId"] ?? "");
    this.executionId = String(params["executionId"] ?? "");
  }

  get signal(): AbortSignal {
    const signal = ofAttempt(this.#params, "signal");
    return signal instanceof AbortSignal ? signal : new AbortController().signal;
  }

  get attempt(): number {
    return Number(ofAttempt(this.#params, "attempt") ?? 1);
  }

  get idempotencyKey(): string {
    return String(ofAttempt(this.#params, "idempotencyKey") ?? this.#params["executionId"] ?? "");
  }

  get progress(): NodeCall["progress"] {
    return (ofAttempt(this.#params, "progress") ?? nothing) as NodeCall["progress"];
  }

  get warn(): NodeCall["warn"] {
    return (ofAttempt(this.#params, "warn") ?? nothing) as NodeCall["warn"];
  }

  get log(): NodeLog {
    return (ofAttempt(this.#params, "log") ?? silent) as NodeLog;
  }
}
