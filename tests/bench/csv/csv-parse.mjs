import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { requirePeer } from "../peers.mjs";
import { SMALLEST_AMOUNT } from "./table.mjs";

/** Plain JavaScript with csv-parse: the file as one buffer, its rows as objects. */
export const csvParse = {
  name: "csv-parse",

  prepareCsv(source, target) {
    const { parse } = requirePeer("csv-parse/sync");
    return async () => {
      const total = parse(await readFile(source), { columns: true })
        .filter((row) => Number(row.amount) > SMALLEST_AMOUNT)
        .reduce((sum, row) => sum + Number(row.amount), 0);
      await writeFile(target, JSON.stringify(total));
    };
  },
};

/** Plain JavaScript with csv-parse, one row at a time: the careful way when memory counts. */
export const csvParseStream = {
  name: "csv-parse stream",

  prepareCsv(source, target) {
    const { parse } = requirePeer("csv-parse");
    return async () => {
      let total = 0;
      for await (const row of createReadStream(source).pipe(parse({ columns: true }))) {
        const amount = Number(row.amount);
        if (amount > SMALLEST_AMOUNT) total += amount;
      }
      await writeFile(target, JSON.stringify(total));
    };
  },
};
