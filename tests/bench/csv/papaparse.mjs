import { readFile, writeFile } from "node:fs/promises";
import { requirePeer } from "../peers.mjs";
import { summarise } from "./table.mjs";

/** Plain JavaScript with Papa Parse: the file as one text, its rows as objects. */
export const papaparse = {
  name: "papaparse",

  prepareCsv(source, target) {
    const { parse } = requirePeer("papaparse");
    return async () => {
      const { data, errors } = parse(await readFile(source, "utf8"), { header: true, skipEmptyLines: true });
      if (errors.length > 0) throw new Error(errors[0].message);
      await writeFile(target, JSON.stringify(summarise(data)));
    };
  },
};
