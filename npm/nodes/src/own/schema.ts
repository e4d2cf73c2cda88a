/** Schemas as authors of node types write them: of zod and other libraries, or JSON Schema. Types only, but for one guard. */

/** The part of the Standard Schema interface that is used; schemas of zod, Valibot and ArkType have it. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    // biome-ignore lint/suspicious/noExplicitAny: libraries agree on neither the options nor the class of a result
    readonly validate: (value: unknown, ...rest: any[]) => any;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type JsonType = "object" | "array" | "string" | "number" | "integer" | "boolean" | "null";

/** JSON Schema as far as all of it is checked. */
export interface JsonSchema {
  readonly type?: JsonType | readonly JsonType[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly deprecated?: boolean;
  readonly $schema?: string;
  readonly $id?: string;
  readonly $comment?: string;
  /** A parameter in ms that may also be written as a duration, such as `10s`; the node sees ms. */
  readonly "x-duration"?: boolean;
  readonly [annotation: `x-${string}`]: unknown;
}

/** A schema in either form. */
// biome-ignore lint/suspicious/noExplicitAny: any types of input and output
export type AnySchema = StandardSchema<any, any> | JsonSchema;

/** The values that pass a schema, as they are after the check. */
export type Parsed<S> = S extends { readonly "~standard": { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer Output }
    ? Output
    : unknown
  : FromJsonSchema<S, "parsed">;

/** The values that pass a schema, as they are written. */
export type Written<S> = S extends { readonly "~standard": { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly input: infer Input }
    ? Input
    : unknown
  : FromJsonSchema<S, "written">;

type Form = "written" | "parsed";

/** The values of a JSON Schema that is a literal type. */
export type FromJsonSchema<S, F extends Form> = S extends { readonly const: infer C }
  ? C
  : S extends { readonly enum: readonly (infer E)[] }
    ? E
    : S extends { readonly anyOf: readonly (infer A)[] }
      ? EachOf<A, F>
      : S extends { readonly "x-duration": true }
        ? F extends "written"
          ? number | string
          : number
        : S extends { readonly type: readonly (infer T)[] }
          ? OfType<T, S, F>
          : S extends { readonly type: infer T }
            ? OfType<T, S, F>
            : unknown;

type EachOf<A, F extends Form> = A extends unknown ? FromJsonSchema<A, F> : never;

type OfType<T, S, F extends Form> = T extends "string"
  ? string
  : T extends "number" | "integer"
    ? number
    : T extends "boolean"
      ? boolean
      : T extends "null"
        ? null
        : T extends "array"
          ? S extends { readonly items: infer I }
            ? FromJsonSchema<I, F>[]
            : unknown[]
          : T extends "object"
            ? ObjectOf<S, F>
            : unknown;

type ObjectOf<S, F extends Form> = S extends { readonly properties: infer P }
  ? Plain<
      { -readonly [K in Certain<S, P, F>]: FromJsonSchema<P[K], F> } & {
        -readonly [K in Exclude<keyof P, Certain<S, P, F>>]?: FromJsonSchema<P[K], F>;
      }
    >
  : Record<string, unknown>;

/** Names of properties that are there: the required ones, and after the check those with a default. */
type Certain<S, P, F extends Form> =
  | (S extends { readonly required: readonly (infer R)[] } ? R & keyof P : never)
  | (F extends "parsed" ? { [K in keyof P]: P[K] extends { readonly default: unknown } ? K : never }[keyof P] : never);

type Plain<T> = { [K in keyof T]: T[K] } & {};

/** Whether a schema is one of a library, which checks by itself. */
// biome-ignore lint/suspicious/noExplicitAny: as above
export function isStandard(schema: AnySchema): schema is StandardSchema<any, any> {
  return "~standard" in schema;
}
