/** What the compiler knows of a flow that is being written: ids, handles, parameters and outputs. */
import type { DefinedNode, LibraryTypes, Written } from "@atomiton/nodes";

/** Text with an expression in it, which any parameter may be. */
export type Expression = `${string}\${{${string}}}${string}`;

/** A parameter as flows have it: a value, or an expression at any depth of it. */
export type Given<T> = unknown extends T
  ? T
  :
      | Expression
      | (T extends readonly (infer Item)[]
          ? Given<Item>[]
          : T extends object
            ? { [Key in keyof T]: Given<T[Key]> }
            : T);

/** What can be a node: a type of the library by its name, or one of `defineNode`. */
export type NodeKind = keyof LibraryTypes | DefinedNode;

/** What the compiler knows of a node in a flow. */
export interface KnownNode {
  /** Handles that edges may lead to. */
  inputs: string;
  /** Handles that edges may leave from. */
  outputs: string;
  output: unknown;
}

/** The nodes of a scope, by id. */
export type KnownNodes = Record<string, KnownNode>;

type PortId<Ports> = Ports extends readonly { readonly id: infer Id }[] ? Id & string : never;

interface Values {
  any: unknown;
  array: unknown[];
  object: Record<string, unknown>;
  string: string;
  number: number;
  boolean: boolean;
}

type PortOf<T extends keyof LibraryTypes> =
  | LibraryTypes[T]["outputPorts"][number]
  | LibraryTypes[T]["otherOutputs"][number];

/** Ways out of a node that are no keys of its output. */
type Routes = "true" | "false" | "default";

/** The output of a type of the library: which of its keys there are depends on the parameters. */
type LibraryOutput<T extends keyof LibraryTypes> = {
  [Port in PortOf<T> as Port["id"] extends Routes ? never : Port["id"]]?: Values[Port["dataType"]];
};

type LibraryNode<T extends keyof LibraryTypes> = {
  inputs: LibraryTypes[T]["hasOpenInputs"] extends true
    ? string
    : PortId<LibraryTypes[T]["inputPorts"]> | PortId<LibraryTypes[T]["otherInputs"]>;
  outputs: LibraryTypes[T] extends { hasOpenOutputs: true }
    ? string
    : PortId<LibraryTypes[T]["outputPorts"]> | PortId<LibraryTypes[T]["otherOutputs"]> | "error";
  output: LibraryOutput<T>;
};

type TypesOf<T> = T extends { readonly "~node"?: infer Types } ? NonNullable<Types> : never;

type OwnNode<Types> = Types extends { inputs: infer I; outputs: infer O; output: infer Output }
  ? { inputs: (I & string) | "default"; outputs: (O & string) | "error"; output: Output }
  : never;

type LibraryParameters<T extends keyof LibraryTypes> = Given<Written<LibraryTypes[T]["parameterSchema"]>>;

/** What is known of a node of a type. */
export type NodeOf<T extends NodeKind> = T extends keyof LibraryTypes ? LibraryNode<T> : OwnNode<TypesOf<T>>;

/** The parameters of a type as a flow gives them. */
export type ParametersOf<T extends NodeKind> = T extends keyof LibraryTypes
  ? LibraryParameters<T>
  : TypesOf<T> extends { parameters: infer P }
    ? Given<P> & SharedParameters
    : never;

/** Parameters that every type takes. */
interface SharedParameters {
  enabled?: boolean | Expression;
}

/** No nodes yet. */
// biome-ignore lint/complexity/noBannedTypes: an object type without keys, to which nodes are added
export type NoNodes = {};

/** An end of an edge: a node, or a node and one of its handles. */
export type EdgeEnd<Nodes extends KnownNodes, Side extends "inputs" | "outputs"> =
  | (keyof Nodes & string)
  | { [Id in keyof Nodes & string]: readonly [Id, Nodes[Id][Side]] }[keyof Nodes & string];

/** The node at an end of an edge. */
export type NodeAt<End> = End extends readonly [infer Id, unknown] ? Id : End;

/**
 * The output of a scope: of its last node in the order of the edges, which is one that no edge leaves; where there are
 * several of those, of any of them.
 */
export type OutputOf<Nodes extends KnownNodes, Left> = [Exclude<keyof Nodes, Left>] extends [never]
  ? unknown
  : Nodes[Exclude<keyof Nodes, Left>]["output"];
