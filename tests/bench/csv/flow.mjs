import { SMALLEST_AMOUNT } from "./table.mjs";

/**
 * The work of the CSV row as a flow: read a table, keep the large amounts, count and add them up by region, write
 * that as JSON.
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
        parameters: {
          operation: "filter",
          where: [{ field: "amount", operator: "gt", value: SMALLEST_AMOUNT }],
        },
      },
      {
        id: "aggregate",
        type: "transform",
        parameters: {
          operation: "aggregate",
          groupBy: "region",
          aggregates: [
            { operation: "count", as: "orders" },
            { operation: "sum", field: "amount", as: "total" },
          ],
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
