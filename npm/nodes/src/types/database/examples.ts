import type { NodeExample } from "../../definition/example.js";

export const databaseExamples: readonly NodeExample[] = [
  {
    title: "Rows that fulfil a condition",
    flow: `id: open-orders
nodes:
  - id: orders
    type: database
    parameters:
      connection: postgresql://app@db.example.com/shop
      sql: select id, total from (values (1, 9.50), (2, 340.50)) as orders (id, total) where total > $1
      parameters: [100]
`,
    outputs: {
      orders: {
        result: [{ id: 2, total: "340.50" }],
        rowCount: 1,
        fields: [
          { name: "id", type: "int4" },
          { name: "total", type: "numeric" },
        ],
      },
    },
  },
  {
    title: "A CSV file into a table, again and again",
    flow: `id: load-prices
nodes:
  - id: table
    type: database
    parameters:
      connection: postgresql://app@db.example.com/shop
      operation: execute
      sql: create table if not exists prices (name text primary key, price numeric)
  - id: prices
    type: spreadsheet
    parameters: { path: prices.csv }
  - id: load
    type: database
    parameters:
      connection: postgresql://app@db.example.com/shop
      operation: insert
      table: prices
      onConflict: update
      keys: [name]
edges:
  - { source: table, target: prices }
  - { source: prices, target: load }
`,
    files: { "prices.csv": "name,price\nTea,3\nCake,5\n" },
    outputs: { load: { rowCount: 2 } },
    isPart: true,
  },
];
