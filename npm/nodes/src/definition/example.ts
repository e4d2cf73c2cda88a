/** A small flow that shows a type of node, with what it is given and what comes out. */
export interface NodeExample {
  /** What it shows, as a heading. */
  title: string;
  /** The flow, as YAML. */
  flow: string;
  /** Inputs of the flow. */
  input?: Readonly<Record<string, unknown>>;
  /** Answers to the questions of nodes, by their ids. */
  answers?: Readonly<Record<string, unknown>>;
  /** Files that are there before, by their paths from the folder in which the flow is run. */
  files?: Readonly<Record<string, string>>;
  /** What nodes give, by their ids. Where keys are left out, `isPart` says so. */
  outputs: Readonly<Record<string, unknown>>;
  /** Whether the nodes give more than is shown. */
  isPart?: boolean;
}
