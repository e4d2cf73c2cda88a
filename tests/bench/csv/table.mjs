/** The table of the CSV row, written once and read by every subject. */

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { seededRandom } from "../random.mjs";

const REGIONS = ["north", "south", "east", "west", "centre"];

/** A row counts when its amount is larger than this. */
export const SMALLEST_AMOUNT = 5_000;

/**
 * Writes a table of orders as CSV: id, customer, region, amount (whole cents), quantity, note. About one note in
 * eight is quoted and holds a comma or a doubled quote, so that splitting at commas is not enough.
 *
 * @param {string} path file to write
 * @param {number} rows number of rows below the header
 * @returns {Promise<object[]>} what {@link summarise} makes of the rows
 */
export async function writeTable(path, rows) {
  const random = seededRandom(rows);
  const file = createWriteStream(path);
  const regions = new Map();
  let block = "id,customer,region,amount,quantity,note\n";
  for (let row = 1; row <= rows; row += 1) {
    const amount = Math.floor(random() * 10_000);
    const region = REGIONS[Math.floor(random() * REGIONS.length)];
    if (amount > SMALLEST_AMOUNT) count(regions, region, amount);
    const quantity = 1 + Math.floor(random() * 20);
    const customer = `Customer ${Math.floor(random() * 5_000)}`;
    block += `${row},${customer},${region},${amount},${quantity},${note(row)}\n`;
    if (block.length > 1 << 16) {
      if (!file.write(block)) await once(file, "drain");
      block = "";
    }
  }
  file.end(block);
  await once(file, "finish");
  return [...regions.values()];
}

/**
 * The work in plain JavaScript: orders with a large amount, counted and added up by region.
 *
 * @param {Iterable<{ region: string, amount: string }>} rows
 * @returns {{ region: string, orders: number, total: number }[]} in the order in which the regions first appear
 */
export function summarise(rows) {
  const regions = new Map();
  for (const row of rows) {
    const amount = Number(row.amount);
    if (amount > SMALLEST_AMOUNT) count(regions, row.region, amount);
  }
  return [...regions.values()];
}

/** Adds one order to its region. */
export function count(regions, region, amount) {
  let summary = regions.get(region);
  if (summary === undefined) {
    summary = { region, orders: 0, total: 0 };
    regions.set(region, summary);
  }
  summary.orders += 1;
  summary.total += amount;
}

function note(row) {
  if (row % 16 === 0) return `"left at the door, rang twice"`;
  if (row % 16 === 8) return `"marked ""fragile"" by the sender"`;
  return "delivered as planned";
}
