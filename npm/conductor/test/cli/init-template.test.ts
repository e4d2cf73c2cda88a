/** Templates as files: each is written, and then run by the commands that are printed beside it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listFlowTemplates } from "@atomiton/nodes/templates/flows";
import { afterEach, describe, expect, it } from "vitest";
import { CLI, type Ending, folder, follow, ROOT, type Running } from "./cli.js";

const here = folder();
const init = (...args: string[]) => follow(process.execPath, [CLI, "init", ...args], { cwd: here }).ended;
/** What is in a folder, without the packages: these are linked, and others work on them meanwhile. */
const all = (path: string): string[] => {
  const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => name !== "node_modules");
  return entries
    .flatMap((entry) => [
      entry.name,
      ...(entry.isDirectory() ? all(join(path, entry.name)).map((inner) => join(entry.name, inner)) : []),
    ])
    .sort();
};

let server: Running | undefined;
afterEach(async () => {
  server?.child.kill();
  await server?.ended;
  server = undefined;
});

/** Writes a template, and gives its folder and the commands that are to follow. */
async function made(slug: string): Promise<{ at: (...parts: string[]) => string; steps: string[] }> {
  const { code, stdout, stderr } = await init("--template", slug, slug);
  expect([code, stderr]).toEqual([0, ""]);
  const [files, next] = stdout.split("Go on with:\n");
  expect(files).toContain(`  ${slug}.flow.yaml\n`);
  const lines = (next ?? "").trim().split(/\n */);
  expect(lines.slice(0, 2)).toEqual([`cd ${slug}`, "npm install @atomiton/conductor"]);
  symlinkSync(join(ROOT, "node_modules"), join(here, slug, "node_modules"), "junction");
  return { at: (...parts) => join(here, slug, ...parts), steps: lines.slice(2) };
}

/** Carries out the commands; `change` may change words of theirs, such as an address. The last one's ending. */
async function carriedOut(steps: string[], cwd: string, change = (word: string) => word): Promise<Ending> {
  let ending: Ending = { code: null, stdout: "", stderr: "" };
  for (const step of steps) {
    const [program, ...words] = (step.replace(/\s+#.*/, "").match(/(?:[^\s"]|"[^"]*")+/g) ?? []).map((word) =>
      change(word.replaceAll('"', "")),
    );
    if (program === "node") {
      server = follow(process.execPath, [words[0] as string, "0"], { cwd });
      await server.says("Listening at");
      continue;
    }
    expect([program, words[0]]).toEqual(["npx", "conductor"]);
    ending = await follow(process.execPath, [CLI, ...words.slice(1)], { cwd }).ended;
    if (words[1] === "run") expect(ending).toMatchObject({ code: 0, stderr: "" });
  }
  return ending;
}

/** What the practice server said until now has its address. */
async function serverAt(cwd: string): Promise<string> {
  const started = follow(process.execPath, ["practice-server.mjs", "0"], { cwd });
  server = started;
  return addressSaid(started);
}

/** The address that a program says. */
function addressSaid({ child }: Running): Promise<string> {
  return new Promise((resolve) => {
    let said = "";
    const hear = (text: string) => {
      said += text;
      const address = /http:\/\/[\d.]+:\d+/.exec(said)?.[0];
      if (address !== undefined) resolve(address);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
  });
}

/** The same for templates that ask the practice server, which listens at a free port here. */
async function withServer(slug: string, more: (address: string) => string[] = () => []) {
  const { at, steps } = await made(slug);
  expect(steps[0]).toMatch(/^node practice-server\.mjs/);
  const address = await serverAt(at());
  const runs = steps.slice(1).map((step) => [step.replace(/\s+#.*/, ""), ...more(address)].join(" "));
  const change = (word: string) => word.replace("http://127.0.0.1:8080", address);
  return { at, ending: await carriedOut(runs, at(), change) };
}

const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** What holds after the commands of each template. */
const CHECKS: Record<string, () => Promise<void>> = {
  async "hello-world"() {
    const { at, steps } = await made("hello-world");
    await carriedOut(steps, at());
    expect(readFileSync(at("output", "hello-world.txt"), "utf8")).toBe("Hello, Ada!\n");
  },
  async "data-transform"() {
    const { at, steps } = await made("data-transform");
    await carriedOut(steps, at());
    expect(json(at("output", "data-transform.json"))).toMatchObject({ rowCount: 4, columns: [{}, { numbers: 3 }] });
  },
  async "image-processor"() {
    const { at, steps } = await made("image-processor");
    const checked = await carriedOut(steps, at());
    expect(checked.code).toBe(3);
    const run = await follow(process.execPath, [CLI, "run", "image-processor.flow.yaml"], { cwd: at() }).ended;
    expect([run.code, run.stderr]).toEqual([
      3,
      expect.stringContaining("Move the nodes that are to run for each item into it"),
    ]);
  },
  async "report-from-csv"() {
    const { at, steps } = await made("report-from-csv");
    await carriedOut(steps, at());
    const page = readFileSync(at("output", "report.html"), "utf8");
    expect(page).toContain("<h1>Orders</h1>");
    expect(page).toContain("92.5");
    expect(page).toContain("Rows that were left out: 1");
    expect(existsSync(at("output", "report.xlsx"))).toBe(true);
  },
  async "flaky-api"() {
    const { at } = await withServer("flaky-api");
    expect(json(at("output", "answer.json"))).toMatchObject({ fresh: true, data: { usd: 1.09 } });
  },
  async "database-sync"() {
    const { at, steps } = await made("database-sync");
    await carriedOut(steps, at());
    expect(readFileSync(at("output", "database-sync.md"), "utf8")).toContain("3 added, 0 changed, 0 removed");
    await carriedOut(steps, at());
    expect(readFileSync(at("output", "database-sync.md"), "utf8")).toContain(
      "0 added, 0 changed, 0 removed, 3 the same",
    );
  },
  async "picture-gallery"() {
    const { at, steps } = await made("picture-gallery");
    await carriedOut(steps, at());
    expect(readFileSync(at("output", "gallery", "index.html"), "utf8")).toContain("<h1>My pictures</h1>");
    expect(all(at("output", "gallery")).filter((name) => name.endsWith(".jpg"))).toHaveLength(4);
  },
  async "fan-out"() {
    const { at } = await withServer("fan-out");
    expect(json(at("output", "fan-out", "failed.json"))).toHaveLength(5);
    expect(json(at("output", "fan-out", "summary.json"))).toMatchObject({ failed: 5 });
  },
  async "nightly-backup"() {
    const { at, steps } = await made("nightly-backup");
    await carriedOut(steps, at());
    expect(all(at("backups"))).toEqual([expect.stringMatching(/^backup-.*\.zip$/)]);
  },
  async "scrape-and-diff"() {
    const { at } = await withServer("scrape-and-diff", (address) => [
      ...["--var", `url=${address}/products.html`, "--var", `webhook=${address}/webhook`],
    ]);
    expect(json(at("output", "scraped.json"))).toContainEqual({ name: "Pen", value: "3 €" });
    await server?.says("Pen: 2 € → 3 €");
  },
  async "llm-extraction"() {
    const { createServer } = await import("node:http");
    const { at, steps } = await made("llm-extraction");
    const found = { number: "2024-117", seller: "Tea House Ltd.", date: "2024-03-03", total: 108, currency: "EUR" };
    const model = createServer((_, response) => {
      const message = { role: "assistant", content: JSON.stringify(found) };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ model: "llama3.2", choices: [{ message, finish_reason: "stop" }] }));
    });
    await new Promise<void>((resolve) => model.listen(0, "127.0.0.1", resolve));
    const { port } = model.address() as { port: number };
    try {
      const answered = steps.map((step) => `${step} --answer review={APPROVED}`);
      await carriedOut(answered, at(), (word) =>
        word.replace("127.0.0.1:11434", `127.0.0.1:${port}`).replace("{APPROVED}", '{"approved":true}'),
      );
    } finally {
      model.close();
    }
    expect(json(at("output", "invoice.json"))).toEqual(found);
  },
  async webhook() {
    const { at, steps } = await made("webhook");
    const [serve = "", request = "", list = ""] = steps.map((step) => step.replace(/\s+#.*/, ""));
    const words = serve.split(" ").slice(2);
    server = follow(process.execPath, [CLI, ...words, "--port", "0"], { cwd: at() });
    const url = await addressSaid(server);
    await server.says("is armed");
    const [, body, address] = /^curl -d (\S+) (\S+)$/.exec(request) ?? [];
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const to = address?.replace("http://127.0.0.1:3000", url) ?? "";
    const answer = await fetch(to, { method: "POST", headers, body: body ?? "" });
    expect([answer.status, await answer.json()]).toEqual([200, { text: "Hello, Ada!" }]);
    const { stdout } = await follow(process.execPath, [CLI, ...list.split(" ").slice(2)], { cwd: at() }).ended;
    expect(stdout).toContain("completed");
  },
};

describe("conductor init --template", () => {
  it.each(listFlowTemplates().map(({ slug }) => slug))(
    "writes %s with what it needs, and it runs as printed",
    async (slug) => {
      const check = CHECKS[slug];
      expect(check).toBeDefined();
      await check?.();
    },
  );

  it("writes the template's own text, whose editor line leads to the schema of the package", async () => {
    const text = readFileSync(join(here, "hello-world", "hello-world.flow.yaml"), "utf8");
    const source = readFileSync(join(ROOT, "npm/nodes/src/templates/flows/hello-world.flow.yaml"), "utf8");
    expect(text.split("\n").slice(1)).toEqual(source.split("\n").slice(1));
    expect(text.split("\n")[0]).toMatch(/\$schema=\.\/node_modules\/@atomiton\/conductor\/flow\.schema\.json$/);
  });

  it("leads to the package of a folder above, and asks for no other", async () => {
    const project = join(here, "project");
    mkdirSync(project);
    symlinkSync(join(ROOT, "node_modules"), join(project, "node_modules"), "junction");
    const { stdout } = await init("--template", "hello-world", join("project", "flows", "a"));
    expect(stdout).not.toContain("npm install");
    const [line = ""] = readFileSync(join(project, "flows", "a", "hello-world.flow.yaml"), "utf8").split("\n");
    const [, path = ""] = /\$schema=(\S+)/.exec(line) ?? [];
    expect(path).toBe("../../node_modules/@atomiton/conductor/flow.schema.json");
    expect(existsSync(join(project, "flows", "a", path))).toBe(true);
  });

  it("writes beside other files and over none, also through a link", async () => {
    const target = join(here, "busy");
    mkdirSync(join(target, "data"), { recursive: true });
    writeFileSync(join(target, "package.json"), "{}");
    writeFileSync(join(target, "data", "orders.csv"), "mine");
    const { code, stderr } = await init("--template", "report-from-csv", "busy");
    expect([code, stderr]).toEqual([2, expect.stringContaining("there is already data/orders.csv. Move it away")]);
    expect(readFileSync(join(target, "data", "orders.csv"), "utf8")).toBe("mine");
    expect(existsSync(join(target, "report-from-csv.flow.yaml"))).toBe(false);
    expect((await init("--template", "hello-world", "busy")).code).toBe(0);
    const link = join(here, "linked");
    mkdirSync(link);
    symlinkSync(join(here, "nowhere"), join(link, "hello-world.flow.yaml"));
    expect((await init("--template", "hello-world", "linked")).code).toBe(2);
    expect(existsSync(join(here, "nowhere"))).toBe(false);
  });

  it("finds templates by their other names, and says which there are", async () => {
    const { code, stdout } = await init("--template", "data-pipeline", "pipeline");
    expect([code, stdout]).toEqual([0, expect.stringContaining("data-transform.flow.yaml")]);
    const wrong = await init("--template", "picture-galery");
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("Did you mean `picture-gallery`?")]);
    expect(existsSync(join(here, "picture-gallery.flow.yaml"))).toBe(false);
    for (const name of ["__proto__", "constructor", ""]) {
      const { code, stderr } = await init("--template", name);
      expect([code, stderr]).toEqual([2, expect.stringContaining("There is no template")]);
    }
  });
});

it("conductor init --list-templates lists all of them, and writes nothing", async () => {
  const before = all(here).length;
  const { code, stdout } = await init("--list-templates");
  expect(code).toBe(0);
  for (const { slug, description } of listFlowTemplates()) expect(stdout).toMatch(`${slug}`.padEnd(16) && description);
  expect(all(here)).toHaveLength(before);
  expect((await init("--list-templates", "--template", "hello-world")).code).toBe(2);
});
