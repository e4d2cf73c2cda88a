import type { NodeExample } from "../../definition/example.js";

export const sqlExamples: readonly NodeExample[] = [
  {
    title: "Two inputs and a value",
    flow: `id: large-orders
nodes:
  - id: large
    type: sql
    parameters:
      sql: |
        select customers.name, sum(orders.total) as total
        from orders join customers on customers.id = orders.customer
        group by all having sum(orders.total) >= $1 order by total desc
      parameters: [100]
`,
    input: {
      orders: [
        { customer: 1, total: 80 },
        { customer: 2, total: 20 },
        { customer: 1, total: 60.5 },
      ],
      customers: [
        { id: 1, name: "Ada" },
        { id: 2, name: "Grace" },
      ],
    },
    outputs: {
      large: {
        result: [{ name: "Ada", total: 140.5 }],
        rowCount: 1,
        fields: [
          { name: "name", type: "VARCHAR" },
          { name: "total", type: "DOUBLE" },
        ],
      },
    },
  },
  {
    title: "A CSV file to Parquet, and back",
    flow: `id: to-parquet
nodes:
  - id: write
    type: sql
    parameters:
      files: { sales: sales.csv }
      sql: from sales where amount > 2
      output: sales.parquet
  - id: read
    type: sql
    parameters:
      files: { sales: sales.parquet }
      sql: select day, sum(amount) as amount from sales group by day order by day
edges:
  - { source: write, target: read }
`,
    files: { "sales.csv": "day,amount,code\n2026-01-30,5,007\n2026-01-31,4.5,008\n2026-01-31,1,009\n" },
    outputs: {
      write: { path: "sales.parquet", format: "parquet", rowCount: 2 },
      read: {
        result: [
          { day: "2026-01-30", amount: 5 },
          { day: "2026-01-31", amount: 4.5 },
        ],
      },
    },
    isPart: true,
  },
];
