/** Jobs as flows of this project's own node types, without code of the benchmark's. */

/** A request, whose rows go into a table of SQLite. */
export function fetchFlow({ url, file }) {
  return {
    id: "fetch",
    name: "Rows of a server into a table",
    type: "group",
    nodes: [
      { id: "get", type: "http-request", parameters: { url } },
      {
        id: "put",
        type: "database",
        parameters: { connection: `sqlite:${file}`, operation: "insert", table: "items" },
      },
    ],
    edges: [{ id: "get-put", source: "get", target: "put", sourceHandle: "result", targetHandle: "rows" }],
  };
}

/** Each picture of a list, resized, into a file of its own. */
export function picturesFlow({ pictures, width, height, places }) {
  return {
    id: "pictures",
    name: "Small pictures",
    type: "loop",
    parameters: { loopType: "forEach", array: pictures, concurrency: places },
    nodes: [
      {
        id: "resize",
        type: "image",
        parameters: {
          operation: "resize",
          baseImage: "${{ item.source }}",
          width,
          height,
          format: "jpeg",
          quality: 80,
          output: "${{ item.target }}",
        },
      },
    ],
    edges: [],
  };
}
