import { createReadStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { requirePeer } from "../peers.mjs";
import { count, SMALLEST_AMOUNT, summarise } from "./table.mjs";

/** Plain JavaScript with csv-parse: the file as one buffer, its rows as objects. */
export const csvParse = {
  name: "csv-parse",

  prepareCsv(source, target) {
    const { parse } = requirePeer("csv-parse/sync");
    return async () => {
      await writeFile(target, JSON.stringify(summarise(parse(await readFile(source), { columns: true }))));
    };
  },
};

/** Plain JavaScript with csv-parse, one row at a time: the careful way when memory counts. */
export const csvParseStream = {
  name: "csv-parse stream",

  prepareCsv(source, target) {
    const { parse } = requirePeer("csv-parse");
    return async () => {
      const regions = new Map();
      for await (const row of createReadStream(source).pipe(parse({ columns: true }))) {
        const amount = Number(row.amount);
        if (amount > SMALLEST_AMOUNT) count(regions, row.region, amount);
      }
      await writeFile(target, JSON.stringify([...regions.values()]));
    };
  },
};
