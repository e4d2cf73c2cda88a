/** The tables of the `tables` row, and what is to come of them. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { seededRandom } from "../random.mjs";

const SEGMENTS = ["a", "b", "c", "d"];

/**
 * Writes orders of customers, and the customers as another table; one order in six is of a customer who is not there.
 *
 * @param {{ orders: string, customers: string }} paths files to write
 * @param {{ orders: number, customers: number }} rows
 * @returns {Promise<{ segment: string, orders: number, total: number }[]>} orders and their amounts by segment of the customer
 */
export async function writeOrders(paths, rows) {
  const random = seededRandom(rows.orders);
  const segments = new Map();
  await writeLines(paths.customers, "customer,name,segment", rows.customers, (number) => {
    return `c${number},Customer ${number},${SEGMENTS[number % SEGMENTS.length]}`;
  });
  await writeLines(paths.orders, "id,customer,amount,quantity,note", rows.orders, (id) => {
    const customer = Math.floor(random() * rows.customers * 1.2);
    const amount = Math.floor(random() * 10_000);
    if (customer < rows.customers) {
      const segment = SEGMENTS[customer % SEGMENTS.length];
      const summary = segments.get(segment) ?? { segment, orders: 0, total: 0 };
      segments.set(segment, { segment, orders: summary.orders + 1, total: summary.total + amount });
    }
    return `${id},c${customer},${amount},${1 + Math.floor(random() * 20)},delivered as planned`;
  });
  return [...segments.values()];
}

async function writeLines(path, header, count, lineOf) {
  const file = createWriteStream(path);
  let block = `${header}\n`;
  for (let number = 0; number < count; number += 1) {
    block += `${lineOf(number)}\n`;
    if (block.length > 1 << 16) {
      if (!file.write(block)) await once(file, "drain");
      block = "";
    }
  }
  file.end(block);
  await once(file, "finish");
}

/**
 * The flow that joins orders with customers and adds them up by segment.
 *
 * @param {{ orders: string, customers: string, target: string }} paths
 */
export function joinFlow({ orders, customers, target }) {
  const edge = (source, sourceHandle, to, targetHandle) => ({
    id: `${source}-${to}-${targetHandle}`,
    source,
    target: to,
    sourceHandle,
    targetHandle,
  });
  return {
    id: "join-orders",
    name: "Orders by segment",
    type: "group",
    nodes: [
      { id: "orders", type: "spreadsheet", parameters: { path: orders } },
      { id: "customers", type: "spreadsheet", parameters: { path: customers } },
      { id: "join", type: "join", parameters: { on: ["customer"] } },
      {
        id: "aggregate",
        type: "transform",
        parameters: {
          operation: "aggregate",
          groupBy: "segment",
          aggregates: [
            { operation: "count", as: "orders" },
            { operation: "sum", field: "amount", as: "total" },
          ],
        },
      },
      { id: "write", type: "file-system", parameters: { operation: "write", path: target } },
    ],
    edges: [
      edge("orders", "records", "join", "left"),
      edge("customers", "records", "join", "right"),
      edge("join", "result", "aggregate", "data"),
      edge("aggregate", "result", "write", "content"),
    ],
  };
}
