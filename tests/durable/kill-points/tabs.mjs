/** Processes that are tabs of Chromium over one database of IndexedDB; a crash of the tab ends them. */
import { chromium } from "playwright-core";

import { CHROMIUM_ARGUMENTS, CHROMIUM_HINT, findChromium } from "../../../scripts/chromium.mjs";
import { pageFiles, serve } from "../../browser/harness/index.mjs";
import { packed, unpacked } from "./packed.mjs";

const SCRIPT = { path: new URL("tab.js", import.meta.url).pathname };

export function missingChromium() {
  return findChromium() === undefined ? `Chromium is not installed (${CHROMIUM_HINT})` : undefined;
}

/** A browser in which each place has a database of its own. */
export async function tabPlaces() {
  const ends = [];
  const { url } = await serve({ after: (end) => ends.push(end) }, { files: await pageFiles(SCRIPT) });
  const browser = await chromium.launch({ executablePath: findChromium(), args: CHROMIUM_ARGUMENTS });
  const context = await browser.newContext();
  let count = 0;

  const openTab = async (functions = {}) => {
    const page = await context.newPage();
    for (const [name, work] of Object.entries(functions)) await page.exposeFunction(name, work);
    await page.goto(url, { waitUntil: "load" });
    return page;
  };

  return {
    place(durability) {
      const database = `points-${++count}`;
      const deeds = [];
      return {
        world: { do: (deed) => deeds.push(deed), deeds: () => deeds },
        open: () => lentStore(openTab, database),
        async run(at) {
          let isDead = false;
          const die = async () => {
            isDead = true;
            const session = await context.newCDPSession(page);
            // The tab that is gone does not answer.
            session.send("Page.crash").catch(() => {});
          };
          const page = await openTab({ deed: (deed) => void deeds.push(deed), die });
          const crashed = new Promise((resolve) => page.once("crash", () => resolve(true)));
          const over = page
            .evaluate(([...given]) => window.carryOut(...given), [database, at, durability])
            .then(
              () => false,
              (error) => {
                if (isDead) return crashed;
                throw error;
              },
            );
          const isKilled = await Promise.race([crashed, over]);
          await page.close();
          return isKilled;
        },
        remove() {},
      };
    },
    async close() {
      await browser.close();
      for (const end of ends) await end();
    },
  };
}

/** The store of a tab that is only there for that. */
async function lentStore(openTab, database) {
  const page = await openTab();
  await page.evaluate((name) => window.lend(name), database);
  const call = async (method, ...given) =>
    unpacked(await page.evaluate(([name, packed]) => window.callStore(name, packed), [method, packed(given)]));
  const methods = [
    ...["write", "get", "begun", "records", "blob", "list", "claimable", "claim", "nextWake"],
    ...["delete", "prune", "vacuum", "figures"],
  ];
  return {
    name: `indexeddb:${database}`,
    ...Object.fromEntries(methods.map((method) => [method, (...given) => call(method, ...given)])),
    async close() {
      await call("close");
      await page.close();
    },
  };
}
