import { readFile, writeFile } from "node:fs/promises";
import { requirePeer } from "../peers.mjs";
import { SMALLEST_AMOUNT } from "./table.mjs";

/** Plain JavaScript with Papa Parse: the file as one text, its rows as objects. */
export const papaparse = {
  name: "papaparse",

  prepareCsv(source, target) {
    const { parse } = requirePeer("papaparse");
    return async () => {
      const { data, errors } = parse(await readFile(source, "utf8"), { header: true, skipEmptyLines: true });
      if (errors.length > 0) throw new Error(errors[0].message);
      const total = data
        .filter((row) => Number(row.amount) > SMALLEST_AMOUNT)
        .reduce((sum, row) => sum + Number(row.amount), 0);
      await writeFile(target, JSON.stringify(total));
    };
  },
};
