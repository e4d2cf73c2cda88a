/** Node types as callers are told of them. */
import type { NodeExample, NodeLimit, NodePort, NodeTouch, ParameterSchema } from "@atomiton/nodes/definitions";

/** Why no node of a type does its work. */
export interface NodeTypeRefusal {
  /** With which nodes of the type fail, or what the place lacks that would begin flows with them. */
  code: string;
  /** For people, with what can be done about it. */
  message: string;
}

/** A node type in a list. */
export interface NodeTypeEntry {
  /** What flows call it. */
  type: string;
  /** What people call it. */
  name: string;
  description: string;
  category: string;
  icon: string;
  /** Of what nodes of the type do; missing where its maker gave none. */
  version?: string;
  /** `none`, `reads` or `writes`; in words where the parameters decide. */
  effects: string;
  /** The parts of the world outside of the flow that a node may touch. */
  touches: readonly NodeTouch[];
  /** Handles at which values enter: the ports, and what a node looks at beside them. */
  inputs: readonly NodePort[];
  /** Whether it looks at inputs of any other name as well. */
  hasOpenInputs: boolean;
  /** Keys of the output: the ports, and what is for expressions. */
  outputs: readonly NodePort[];
  /** Where edges leave by some outputs alone: the ids of these. */
  edgesLeaveBy?: readonly string[];
  /** Whether edges may leave by other handles as well, which parameters name. */
  hasOpenOutputs: boolean;
  /** It begins executions of saved flows that it stands in. */
  isTrigger?: true;
  /** It is there for the nodes inside it. */
  isContainer?: true;
  /** Why it does nothing here; missing where it runs. */
  refused?: NodeTypeRefusal;
}

/** All that is known of a node type. */
export interface NodeTypeDetails extends NodeTypeEntry {
  /** JSON Schema of the parameters; `default` is what a missing one is taken as. */
  parameters: ParameterSchema;
  limits: readonly NodeLimit[];
  /** Missing in a page that runs flows by itself, which loads none. */
  examples?: readonly NodeExample[];
}
