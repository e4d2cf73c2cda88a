import { SMALLEST_AMOUNT } from "./table.mjs";

/**
 * The work of the CSV row as a flow: read a table, keep the large amounts, add them up, write the sum as JSON.
 *
 * @param {string} source path of the CSV file
 * @param {string} target path of the JSON file
 */
export function csvFlow(source, target) {
  return {
    id: "csv-to-json",
    name: "CSV to JSON",
    type: "group",
    nodes: [
      { id: "read", type: "spreadsheet", parameters: { path: source } },
      {
        id: "filter",
        type: "transform",
        parameters: { operation: "filter", transformFunction: `row => Number(row.amount) > ${SMALLEST_AMOUNT}` },
      },
      {
        id: "aggregate",
        type: "transform",
        parameters: {
          operation: "reduce",
          transformFunction: "({ acc, item }) => acc + Number(item.amount)",
          reduceInitial: "0",
        },
      },
      { id: "write", type: "file-system", parameters: { operation: "write", path: target } },
    ],
    edges: [
      { id: "read-filter", source: "read", target: "filter", sourceHandle: "records", targetHandle: "data" },
      { id: "filter-aggregate", source: "filter", target: "aggregate", sourceHandle: "result", targetHandle: "data" },
      { id: "aggregate-write", source: "aggregate", target: "write", sourceHandle: "result", targetHandle: "content" },
    ],
  };
}
