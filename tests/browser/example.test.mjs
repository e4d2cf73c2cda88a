/** The example of a web page, built by Vite and used as a person would: by what its controls are called and say. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { build } from "vite";

import { diagnose } from "../types/compiler.mjs";
import { PATIENCE } from "./harness/deadline.mjs";
import { createBrowser, serve } from "./harness/index.mjs";
import { startServer } from "./harness/server.mjs";

const EXAMPLE = fileURLToPath(new URL("../../npm/examples/web", import.meta.url));

/** Where the page is put on its site: under a path that its build knows nothing of. */
const PATH = "/tools/flows/";

/** As strict as a site can be; the page's own policy holds beside it. */
const CSP = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src blob: 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*",
].join("; ");

const browser = createBrowser();
let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "conductor-example-"));
  await build({ root: EXAMPLE, logLevel: "error", build: { outDir: join(folder, PATH), emptyOutDir: true } });
});

after(() => rm(folder, { recursive: true, force: true }));

test("a flow runs to its end, and its states, percents and critical path are seen on the way", async (t) => {
  const page = await openPage(t);
  await page.node("News, lookup, Not run");
  await page.run();
  await page.status("Completed");

  const said = await page.said();
  for (const words of [
    /^News, lookup, Running · \d+ %/,
    /^Briefing, edit-fields, Waiting/,
    /^Calendar, lookup, Done · /,
  ]) {
    assert.ok(
      said.some((label) => words.test(label)),
      `no node said ${words}, but:\n${said.join("\n")}`,
    );
  }
  const percents = await page.percents();
  assert.ok(
    percents.some((percent) => percent > 0 && percent < 100),
    `only ${percents}`,
  );
  assert.equal(percents.at(-1), 100);
  // Measured: the news took longest.
  for (const name of ["Who reads it", "News", "Briefing"]) {
    await page.node(new RegExp(`^${name}, .*Done · .*, on the critical path$`));
  }
  await page.node(/^Weather, lookup, Done · [\d.]+ m?s$/);
  await page.text("Critical path: Who reads it → News → Briefing");
  await page.text("Today: sunny, 21 °C, 3 meetings. Tram 28 runs again.", page.region("Result"));
});

test("nodes run side by side only where that is chosen", async (t) => {
  const page = await openPage(t);
  await page.run();
  await page.status("Completed");
  assert.ok((await page.mostAtOnce()) > 1, "nothing ran side by side");

  const other = await openPage(t);
  await other.page.getByLabel("Nodes at once").selectOption("1");
  await other.run();
  await other.status("Completed");
  assert.equal(await other.mostAtOnce(), 1);
});

test("a slow pace shows the steps of nodes that take no time", async (t) => {
  const page = await openPage(t);
  await page.choose("Wrong parameter");
  await page.page.getByLabel("Pace").selectOption("Slow");
  await page.run();
  await page.status("Failed");
  const said = await page.said();
  assert.ok(
    said.some((label) => /^Letters, edit-fields, Running · \d+ %/.test(label)),
    said.join("\n"),
  );
});

test("a run is cancelled, and says so", async (t) => {
  const page = await openPage(t);
  await page.run();
  await page.node(/^News, lookup, Running/);
  await page.press("Cancel");
  await page.status("Cancelled");
  await page.text("CANCELLED", page.region("Error"));
  await page.node(/^News, lookup, Stopped/);
  await page.node(/^Briefing, edit-fields, Not reached/);
  assert.equal(await page.page.getByRole("button", { name: "Retry" }).count(), 0);

  await page.run();
  await page.status("Completed");
});

test("another flow is chosen while one runs: nothing of the first one is seen any more", async (t) => {
  const page = await openPage(t);
  await page.run();
  await page.node(/^News, lookup, Running/);
  await page.choose("Busy service");
  await page.status("Not run yet");
  await page.node("Forecast, busy-service, Not run");
  await page.tab.evaluate(() => {
    window.said = [];
    window.percents = [];
  });
  await page.run();
  await page.status("Failed");
  const said = await page.said();
  assert.deepEqual(
    said.filter((label) => !/^(Place|Forecast|Report), /.test(label)),
    [],
  );
});

test("a failure says where, why and what to do, and trying again works", async (t) => {
  const page = await openPage(t);
  await page.choose("Busy service");
  await page.run();
  await page.status("Failed");
  const error = page.region("Error");
  await page.text("RATE_LIMIT_EXCEEDED", error);
  await page.text("The weather service is busy: too many requests", error);
  await page.text("At the node Forecast", error);
  await page.text("Trying again can help, 5 s from now; 5 times at most.", error);
  await page.text("Wait before asking again.", error);
  await page.node(/^Forecast, busy-service, Failed/);

  await page.press("Retry");
  await page.status("Completed");
  await page.text("Tomorrow it will be sunny.", page.region("Result"));
  assert.equal(await error.count(), 0);
});

test("a mistake in a flow is seen before it runs, and there is no offer to try again", async (t) => {
  const page = await openPage(t);
  await page.choose("Wrong parameter");
  await page.text(/limitCount/, page.page.getByRole("list", { name: "Problems of the flow" }));
  await page.run();
  await page.status("Failed");
  await page.text("INVALID_PARAMETERS", page.region("Error"));
  await page.text("Trying again as it is will not help.", page.region("Error"));
  assert.equal(await page.page.getByRole("button", { name: "Retry" }).count(), 0);
});

test("JavaScript of a user runs, and the branch that a condition leaves out is skipped", async (t) => {
  const page = await openPage(t);
  await page.choose("Order totals");
  await page.run();
  await page.status("Completed");
  await page.node(/^Cheer, edit-fields, Done/);
  await page.node(/^Remind, edit-fields, Skipped/);
  await page.text("1100 from 2 orders: the goal is reached.", page.region("Result"));
});

test("a flow that is saved appears in another tab, runs there, and goes when it is deleted", async (t) => {
  const context = await browser.context(t);
  const page = await openPage(t, { context });
  const other = await openPage(t, { context });
  await page.choose("Busy service");
  await page.page.getByLabel("Name").fill("Forecast of mine");
  await page.press("Save");
  await page.text("Saved as Forecast of mine");

  await other.choose("Forecast of mine");
  await other.run();
  await other.status("Failed");
  await other.press("Retry");
  await other.status("Completed");

  await other.press("Delete Forecast of mine");
  await page.tab.shows(page.page.getByRole("button", { name: "Forecast of mine", exact: true }), "detached");
});

test("a run goes on after a reload, and is forgotten when it is over", async (t) => {
  const page = await openPage(t);
  await page.choose("Order totals");
  await page.page.getByLabel("Pace").selectOption("Slow");
  await page.run();
  await page.node(/^Paid orders, transform, Done/);
  await page.tab.goto();
  await page.tab.shows(page.page.getByRole("heading", { name: "Order totals", exact: true }));
  // On a busy machine it may be over before the page is there again.
  await page.node(/^Goal reached\?, condition, (Running|Done)/);
  await page.status("Completed");
  await page.node(/^Paid orders, transform, Done/);
  await page.text("1100 from 2 orders: the goal is reached.", page.region("Result"));
  await page.tab.goto();
  await page.node("News, lookup, Not run");
  await page.status("Not run yet");
});

test("a saved flow is still there after a reload", async (t) => {
  const page = await openPage(t);
  await page.page.getByLabel("Name").fill("Tomorrow's");
  await page.press("Save");
  await page.text("Saved as Tomorrow's");
  await page.tab.goto();
  await page.choose("Tomorrow's");
  await page.node("News, lookup, Not run");
});

test("a template that needs files runs on a server, and in the page says that it cannot", async (t) => {
  const path = join(folder, "hello.txt");
  const { apiUrl } = await startServer(t);
  const page = await openPage(t, { query: `?api=${apiUrl}` });
  await page.text(/^On a server · ok$/);
  await page.choose("Hello World Flow");
  await page.page.getByText("Input", { exact: true }).click();
  await page.page.getByLabel("As JSON").fill("nonsense");
  await page.text(/not a JSON object/);
  await page.page.getByLabel("As JSON").fill(JSON.stringify({ name: "Ada", path }));
  await page.run();
  await page.status("Completed");
  await page.node(/^Write to File, file-system, Done/);
  assert.equal(await readFile(path, "utf8"), "Hello, Ada!\n");

  const alone = await openPage(t);
  await alone.choose("Hello World Flow");
  await alone.run();
  await alone.status("Failed");
  await alone.text("NO_TRANSPORT", alone.region("Error"));
  await alone.text("At the node Write to File", alone.region("Error"));
});

test("the page says where its flows run, and how that is doing", async (t) => {
  const page = await openPage(t);
  await page.page.getByText("In this page · ok").click();
  await page.text(/^wasm \d/);
  await page.press("Check again");
  await page.text("In this page · ok");
});

test("screen readers are told state, progress, order and errors as text, and nothing that is not so", async (t) => {
  const page = await openPage(t);
  assert.deepEqual(
    (await page.tree()).filter(({ role }) => role === "application"),
    [],
  );
  const newsOf = (tree) => tree.find(({ name }) => /^News, lookup, Running · [1-9]/.test(name));
  const running = await whileRunning(page, newsOf);
  const percent = Number(/ (\d+) %/.exec(newsOf(running).name)[1]);
  assert.deepEqual(
    running.filter(({ role, name }) => role === "progressbar" && name === "News").map(({ value }) => value),
    [percent],
  );
  const namesOf = (tree, is) => tree.filter(is).map(({ name }) => name);
  const edgesOf = (tree) => namesOf(tree, ({ kind }) => kind === "edge");
  assert.deepEqual(edgesOf(await page.tree((tree) => edgesOf(tree).length > 5)).sort(), [
    "From Calendar to Briefing",
    "From News to Briefing",
    "From Weather to Briefing",
    "From Who reads it to Calendar",
    "From Who reads it to News",
    "From Who reads it to Weather",
  ]);
  // What a node is described with must be something that can be done to it.
  for (const { kind, description, focusable } of running) {
    if (kind === "node") assert.deepEqual([description, focusable], ["", false]);
  }

  await page.choose("Order totals");
  await page.run();
  await page.status("Completed");
  const branchesOf = (tree) => namesOf(tree, ({ name }) => /, on (true|false)/.test(name));
  const branches = branchesOf(await page.tree((tree) => branchesOf(tree).some((name) => name.endsWith("not taken"))));
  assert.deepEqual(branches, [
    "From Goal reached? to Cheer, on true",
    "From Goal reached? to Remind, on false, not taken",
  ]);

  await page.choose("Busy service");
  await page.run();
  await page.status("Failed");
  await page.node(/^Forecast, busy-service, Failed · .*, The weather service is busy: too many requests$/);
  await page.node(/^Report, edit-fields, Not reached(, on the critical path)?$/);
});

test("the page fetches its engine beside what it draws with, and user code only when it runs", async (t) => {
  const page = await openPage(t);
  const files = () => page.tab.requests.map((url) => url.replace(/^.*\/|-[\w-]{8}(?=\.)/g, ""));
  await page.node("News, lookup, Not run");
  assert.deepEqual(
    files().filter((name) => name.endsWith(".wasm")),
    ["conductor.wasm"],
  );
  assert.ok(!files().some((name) => /quickjs|script-text|transform/.test(name)), files().join());
  await page.choose("Order totals");
  await page.run();
  await page.status("Completed");
  assert.ok(
    files().some((name) => /quickjs/.test(name)),
    files().join(),
  );
});

test("where a server does the work, no engine is fetched", async (t) => {
  const { apiUrl } = await startServer(t);
  const page = await openPage(t, { query: `?api=${apiUrl}` });
  await page.text(/^On a server · ok$/);
  await page.node("News, lookup, Not run");
  assert.deepEqual(
    page.tab.requests.filter((url) => url.endsWith(".wasm")),
    [],
  );
});

test("an engine that cannot be fetched is told, and tried again with the next flow", async (t) => {
  const context = await browser.context(t);
  let isAway = true;
  await context.route("**/*.wasm", (route) => (isAway ? route.abort() : route.continue()));
  const page = await openPage(t, { context, allowed: [/Failed to load resource/], heading: null });
  await page.text(/^The flow cannot be loaded: The WebAssembly engine cannot start/, page.page.getByRole("alert"));
  isAway = false;
  await page.choose("Order totals");
  assert.equal(await page.page.getByRole("alert").count(), 0);
});

test("the page asks nobody but its own site, and needs no more than its policy allows", async (t) => {
  const page = await openPage(t);
  await page.run();
  await page.status("Completed");
  const strangers = page.tab.requests.filter((url) => !url.startsWith(page.base) && !/^(data|blob):/.test(url));
  assert.deepEqual(strangers, []);
  const policy = await page.tab.evaluate(() => document.querySelector("meta[http-equiv]")?.getAttribute("content"));
  assert.match(policy, /default-src 'none'; script-src 'self' 'wasm-unsafe-eval';/);
  assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'/);
});

test("a flow is chosen, run and run again with the keyboard alone", async (t) => {
  const { page, ...used } = await openPage(t);
  const tabTo = async (name) => {
    const focused = () =>
      page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent);
    for (let steps = 0; (await focused()) !== name; steps++) {
      assert.ok(steps < 50, `${name} cannot be reached`);
      await page.keyboard.press("Tab");
    }
    await page.keyboard.press("Enter");
  };
  await tabTo("Busy service");
  await used.node("Forecast, busy-service, Not run");
  await tabTo("Run");
  await used.status("Failed");
  await page.keyboard.press("Enter");
  await used.status("Completed");
});

for (const [width, height] of [
  [1280, 800],
  [900, 700],
  [390, 844],
]) {
  test(`at ${width}×${height} everything is on the page`, async (t) => {
    const context = await browser.context(t, { viewport: { width, height } });
    const { page, run, status, tab } = await openPage(t, { context });
    await run();
    await status("Completed");
    const nodes = await page.getByRole("group", { name: /^(Who reads it|Weather|Calendar|News|Briefing), / }).all();
    assert.equal(nodes.length, 5);
    for (const node of nodes) {
      const { x, width: own } = await node.boundingBox();
      assert.ok(x >= 0 && x + own <= width, `a node is at ${x}…${x + own}`);
    }
    assert.ok(await tab.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is too wide");
  });
}

test("the page follows its user's choice of light or dark", async (t) => {
  const lightness = async (colorScheme) => {
    const { tab } = await openPage(t, { context: await browser.context(t, { colorScheme }) });
    return tab.evaluate(() => {
      const { backgroundColor, color } = getComputedStyle(document.body);
      return [backgroundColor, color].map((text) => Number(/\d+/.exec(text)[0]));
    });
  };
  const [page, text] = await lightness("light");
  assert.ok(page > 200 && text < 100, `light: ${page}, ${text}`);
  const [darkPage, darkText] = await lightness("dark");
  assert.ok(darkPage < 100 && darkText > 200, `dark: ${darkPage}, ${darkText}`);
});

test("the example compiles, strictly", async () => {
  assert.deepEqual(await diagnose(EXAMPLE, "tsconfig.json"), []);
});

/** Opens the page in a tab, with words for what a person does there and sees. */
async function openPage(t, { context, query = "", allowed = [], heading = "Morning briefing" } = {}) {
  const site = await siteOf(t);
  const base = `${site.origin}${PATH}`;
  const tab = await browser.open(t, `${base}${query}`, { before: remember, allowed, ...(context && { context }) });
  const { page } = tab;
  const button = (name) => page.getByRole("button", { name, exact: true });
  const region = (name) => page.getByLabel(name, { exact: true });
  if (heading !== null) await tab.shows(page.getByRole("heading", { name: heading }));
  return {
    tab,
    page,
    base,
    region,
    press: (name) => tab.press(button(name)),
    run: () => tab.press(button("Run")),
    choose: async (name) => {
      await tab.press(button(name));
      await tab.shows(page.getByRole("heading", { name, exact: true }));
    },
    /** Waits for a node that is called so and says so. */
    node: (name) => tab.shows(page.getByRole("group", { name, exact: typeof name === "string" })),
    status: (words) => tab.shows(page.getByRole("status").getByText(words, { exact: true })),
    text: (words, within = page) => tab.shows(within.getByText(words).first()),
    /** What assistive technology is told, once it is so: it comes after the document. */
    tree: async (isSo = () => true) => {
      const deadline = performance.now() + PATIENCE;
      for (;;) {
        const tree = await accessibilityTree(page);
        if (isSo(tree) || performance.now() > deadline) return tree;
        await setTimeout(50);
      }
    },
    said: () => tab.evaluate(() => window.said),
    percents: () => tab.evaluate(() => window.percents),
    mostAtOnce: () => tab.evaluate(() => window.mostAtOnce),
  };
}

/** Runs the flow until assistive technology was told of something on the way, which on a busy machine may come too late. */
async function whileRunning(page, find) {
  for (let run = 0; run < 20; run++) {
    await page.run();
    let isOver = false;
    const end = page.status("Completed").then(() => {
      isOver = true;
    });
    const tree = await page.tree((tree) => find(tree) !== undefined || isOver);
    await end;
    if (find(tree) !== undefined) return tree;
  }
  throw new Error(`assistive technology was never told of ${find}`);
}

/** What Chromium tells assistive technology of the page, in order. */
async function accessibilityTree(page) {
  const session = await page.context().newCDPSession(page);
  const { nodes } = await session.send("Accessibility.getFullAXTree");
  await session.detach();
  return nodes
    .filter(({ ignored }) => !ignored)
    .map(({ role, name, description, value, properties = [] }) => {
      const property = (wanted) => properties.find(({ name }) => name === wanted)?.value.value;
      return {
        role: role?.value,
        name: name?.value ?? "",
        description: description?.value ?? "",
        value: value?.value,
        kind: property("roledescription"),
        focusable: property("focusable") ?? false,
      };
    });
}

const sites = new WeakMap();

/** One site for each test: pages of one site share what they save. */
function siteOf(t) {
  if (!sites.has(t)) {
    const headers = { "x-content-type-options": "nosniff" };
    sites.set(t, serve(t, { folder, csp: CSP, headers, files: {} }));
  }
  return sites.get(t);
}

/** In the page: remembers all that nodes and the progress bar ever said, however shortly. */
function remember() {
  window.said = [];
  window.percents = [];
  window.mostAtOnce = 0;
  const look = () => {
    const labels = [...document.querySelectorAll('[role="group"][aria-label]')].map((node) => node.ariaLabel);
    for (const label of labels) if (!window.said.includes(label)) window.said.push(label);
    window.mostAtOnce = Math.max(window.mostAtOnce, labels.filter((label) => label.includes(", Running")).length);
    const percent = document.querySelector("progress")?.value;
    if (percent !== undefined && percent !== window.percents.at(-1)) window.percents.push(percent);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true });
}
