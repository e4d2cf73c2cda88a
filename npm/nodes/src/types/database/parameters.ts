/** The parameters of a node `database`, checked and completed. */
export interface Parameters {
  connection: string;
  operation: "query" | "execute" | "insert";
  sql?: string;
  /** Values by place, or by name. */
  parameters?: unknown[] | Record<string, unknown>;
  maxRows: number;
  maxBytes: number;
  table?: string;
  rows?: unknown[];
  onConflict: "error" | "ignore" | "update";
  keys?: string[];
  returning?: string[];
}
