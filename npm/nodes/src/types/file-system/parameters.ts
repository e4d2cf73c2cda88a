import type { TextEncodingName } from "../../machine/text-encoding.js";
import type { ContentFormat } from "./content.js";

/** The parameters of a file-system node, checked. */
export interface FileParameters {
  operation: "read" | "write" | "append" | "list" | "exists" | "stat" | "create" | "delete" | "copy" | "move";
  path: string;
  targetPath?: string;
  overwrite?: boolean;
  pathOfFile: boolean;
  content?: unknown;
  format?: ContentFormat;
  encoding?: TextEncodingName;
  recursive: boolean;
  patterns?: string | string[];
  include?: "all" | "files" | "folders";
  hidden?: boolean;
  details?: boolean;
}
