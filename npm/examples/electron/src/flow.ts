import type { FlowDefinition } from "@atomiton/conductor/slim";

/** A file as the flow gives it. */
export interface LargeFile {
  path: string;
  bytes: number;
}

/** Finds the ten largest files of a folder. The first two types are the application's own: see `nodes.js`. */
export const largestFiles: FlowDefinition = {
  id: "largest-files",
  type: "group",
  name: "Largest files",
  nodes: [
    { id: "folder", name: "Choose a folder", type: "choose-folder" },
    { id: "files", name: "List its files", type: "list-files" },
    {
      id: "sorted",
      name: "Largest first",
      type: "transform",
      parameters: { operation: "sort", sortKey: "bytes", sortDirection: "desc" },
    },
    { id: "top", name: "The ten largest", type: "transform", parameters: { operation: "limit", limitCount: 10 } },
  ],
  edges: [
    { source: "folder", target: "files" },
    { source: "files", target: "sorted" },
    { source: "sorted", target: "top" },
  ],
};
