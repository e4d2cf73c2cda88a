/** Files of executions. */

/** What is left out of the file of an execution. */
export interface ExportOptions {
  /**
   * Paths of what is not to be in the file, such as `customer.email` or `**.token`, as `redact` of a policy has them: in every value of
   * the execution, and in the parameters of its flow. Text of it, from four characters on, is taken out everywhere else. A path at
   * which nothing is is refused.
   */
  redact?: readonly string[];
  /** Leaves out all values: what is left is what happened when, with ids, types and edges of nodes and codes of errors. */
  withoutValues?: boolean;
}

/** What was left out of a file. */
export interface LeftOutOfExport {
  /** All values. */
  values?: true;
  /** The paths that were named. */
  redact?: readonly string[];
}
