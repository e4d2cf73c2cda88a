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
  {
    title: "Orders kept in a file of SQLite, and read from it",
    flow: `id: keep-orders
nodes:
  - id: table
    type: database
    parameters:
      connection: sqlite:shop.db
      operation: execute
      sql: create table if not exists orders (id integer primary key, customer text, total real)
  - id: orders
    type: spreadsheet
    parameters: { path: orders.csv }
  - id: keep
    type: database
    parameters:
      connection: sqlite:shop.db
      operation: insert
      table: orders
      onConflict: update
      keys: [id]
  - id: large
    type: database
    parameters:
      connection: sqlite:shop.db
      sql: select customer, total from orders where total > $1
      parameters: [100]
edges:
  - { source: table, target: orders }
  - { source: orders, target: keep }
  - { source: keep, target: large }
`,
    files: { "orders.csv": "id,customer,total\n1,Ada,9.5\n2,Grace,340.5\n" },
    outputs: {
      keep: { rowCount: 2 },
      large: { result: [{ customer: "Grace", total: 340.5 }], rowCount: 1 },
    },
    isPart: true,
  },
];
