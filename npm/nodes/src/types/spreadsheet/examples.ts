import type { NodeExample } from "../../definition/example.js";

export const spreadsheetExamples: readonly NodeExample[] = [
  {
    title: "A CSV file",
    flow: `id: read-orders
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: data/orders.csv }
`,
    files: { "data/orders.csv": "id,customer,total\n1,Ada,250\n2,Grace,40\n" },
    outputs: {
      orders: {
        records: [
          { id: "1", customer: "Ada", total: "250" },
          { id: "2", customer: "Grace", total: "40" },
        ],
        headers: ["id", "customer", "total"],
        rowCount: 2,
      },
    },
    isPart: true,
  },
  {
    title: "Text with semicolons, without names of columns",
    flow: `id: read-text
nodes:
  - id: rows
    type: spreadsheet
    parameters: { delimiter: ";", hasHeaders: false }
`,
    input: { data: "Ada;250\nGrace;40\n" },
    outputs: {
      rows: {
        records: [
          { column1: "Ada", column2: "250" },
          { column1: "Grace", column2: "40" },
        ],
        delimiter: ";",
      },
    },
    isPart: true,
  },
  {
    title: "A file that may be larger than memory",
    flow: `id: large-orders
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: orders.csv, stream: true }
  - id: large
    type: transform
    parameters: { operation: filter, where: [{ field: total, operator: gt, value: 100 }] }
  - id: copy
    type: spreadsheet
    parameters: { operation: write, path: large.csv }
edges:
  - { source: orders, target: large }
  - { source: large, target: copy }
`,
    files: { "orders.csv": "id,customer,total\n1,Ada,250\n2,Grace,40\n" },
    outputs: { copy: { path: "large.csv", rowCount: 1, format: "csv" } },
    isPart: true,
  },
  {
    title: "JSON Lines to a workbook, and what it holds then",
    flow: `id: to-workbook
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: orders.jsonl }
  - id: workbook
    type: spreadsheet
    parameters: { operation: write, path: out/orders.xlsx, sheetName: Orders }
  - id: again
    type: spreadsheet
    parameters: { types: auto, range: "A:B" }
edges:
  - { source: orders, target: workbook }
  - { source: workbook, target: again, targetHandle: path }
`,
    files: { "orders.jsonl": '{"id":1,"customer":"Ada"}\n{"id":2,"customer":"Grace"}\n' },
    outputs: {
      workbook: { path: "out/orders.xlsx", rowCount: 2, format: "xlsx" },
      again: {
        records: [
          { id: 1, customer: "Ada" },
          { id: 2, customer: "Grace" },
        ],
        sheetName: "Orders",
      },
    },
    isPart: true,
  },
  {
    title: "A CSV file to Parquet, with types, and back",
    flow: `id: to-parquet
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: orders.csv, types: auto }
  - id: write
    type: spreadsheet
    parameters: { operation: write, path: out/orders.parquet }
  - id: again
    type: spreadsheet
edges:
  - { source: orders, target: write }
  - { source: write, target: again, targetHandle: path }
`,
    files: { "orders.csv": "id,customer,total\n1,Ada,250.5\n2,Grace,40\n" },
    outputs: {
      write: { path: "out/orders.parquet", rowCount: 2, format: "parquet" },
      again: {
        records: [
          { id: 1, customer: "Ada", total: 250.5 },
          { id: 2, customer: "Grace", total: 40 },
        ],
      },
    },
    isPart: true,
  },
  {
    title: "Orders and their sums as two sheets of one workbook",
    flow: `id: two-sheets
nodes:
  - id: orders
    type: spreadsheet
    parameters: { path: orders.csv, types: auto }
  - id: sums
    type: transform
    parameters: { operation: aggregate, groupBy: country, aggregates: [{ operation: sum, field: total, as: total }] }
  - id: report
    type: spreadsheet
    parameters:
      operation: write
      path: out/report.xlsx
      sheets: { Orders: "\${{ nodes.orders.records }}", Sums: "\${{ nodes.sums.result }}" }
edges:
  - { source: orders, target: sums }
  - { source: sums, target: report }
`,
    files: { "orders.csv": "country,total\nNO,100\nSE,50\nNO,20\n" },
    outputs: { report: { path: "out/report.xlsx", rowCount: 5, sheetNames: ["Orders", "Sums"] } },
    isPart: true,
  },
];
