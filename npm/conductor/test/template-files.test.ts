/** Templates that work on files and databases, run for real. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { validateFlow } from "@atomiton/conductor/desktop";
import { getFlowTemplate } from "@atomiton/nodes/templates/flows";
import { beforeEach, describe, expect, it } from "vitest";
import { bitmap } from "./bitmap.js";
import { at, node, read, run, runWell } from "./template-run.js";

it.each([
  "report-from-csv",
  "flaky-api",
  "database-sync",
  "picture-gallery",
  "fan-out",
  "nightly-backup",
  "scrape-and-diff",
  "llm-extraction",
])("%s has no problems, not even warnings, and says what its variables are", async (slug) => {
  const flow = getFlowTemplate(slug);
  expect(validateFlow(flow as never)).toEqual([]);
  const variables = Object.values(flow?.["variables"] as object) as Record<string, unknown>[];
  expect(variables.length).toBeGreaterThan(2);
  for (const { type, defaultValue, description } of variables) {
    expect(typeof defaultValue).toBe(type);
    expect(description).toMatch(/^\S/);
  }
});

describe("report-from-csv", () => {
  const report = (csv: string, more = {}) => {
    writeFileSync(at("in.csv"), csv);
    return run("report-from-csv", { csv: at("in.csv"), html: at("out", "a.html"), xlsx: at("out", "a.xlsx"), ...more });
  };
  const workbook = () => node<object>("spreadsheet", { path: at("out", "a.xlsx"), types: "auto" });

  it("sums up the good rows, and tells of the bad ones", async () => {
    const csv = "who,paid\n<b>Ada</b>,12.5\nBob,3\n<b>Ada</b>,7\n,5\nCleo,n/a\n";
    const result = await report(csv, { groupBy: "who", amount: "paid", title: "Sums & more" });
    expect([result.error, result.warnings ?? []]).toEqual([undefined, []]);
    expect(await workbook()).toMatchObject({
      records: [
        { group: "<b>Ada</b>", rows: 2, sum: 19.5, average: 9.75 },
        { group: "Bob", rows: 1, sum: 3, average: 3 },
      ],
    });
    const page = read("out", "a.html");
    expect(page).toContain("<h1>Sums &amp; more</h1>");
    expect(page).toMatch(
      /<td>&lt;b&gt;Ada&lt;\/b&gt;<\/td>\s*<td align="right">2<\/td>\s*<td align="right">19.5<\/td>/,
    );
    expect(page).not.toContain("<b>");
    expect(page).toContain("Rows that were left out: 2");
    expect(page).toMatch(/Row 5: `group` must be/);
    expect(page).toMatch(/Row 6: `amount` must be a number, found &quot;n\/a&quot;/);
  });

  it("says nothing of bad rows where all are good", async () => {
    expect((await report("customer,amount\nAda,1\n")).warnings ?? []).toEqual([]);
    expect(read("out", "a.html")).not.toContain("left out");
  });

  it("writes a page and no workbook where every row is bad", async () => {
    const result = await report("customer,amount\nAda,\n");
    expect([result.error, result.warnings ?? []]).toEqual([undefined, []]);
    expect(read("out", "a.html")).toContain("No row could be used");
    expect(existsSync(at("out", "a.xlsx"))).toBe(false);
  });

  it("fails for a column that is not there, and writes nothing", async () => {
    const { error } = await report("customer,amount\nAda,1\n", { amount: "total" });
    expect(error?.message).toContain("There is no column total; there are customer, amount");
    expect(existsSync(at("out"))).toBe(false);
  });
});

describe("database-sync", () => {
  const database = (name: string, sql: string, more = {}) =>
    node<{ result: unknown }>("database", { connection: `sqlite:${at(name)}`, operation: "execute", sql, ...more });
  const rows = async (name: string) =>
    (await database(name, "select * from products order by id", { operation: "query" })).result;
  const sync = (more = {}) =>
    run("database-sync", {
      source: `sqlite:${at("source.db")}`,
      target: `sqlite:${at("target.db")}`,
      report: at("report.md"),
      ...more,
    });
  beforeEach(async () => {
    await database("source.db", "create table products (id integer primary key, name text, price real)");
    await database(
      "source.db",
      "insert into products values (1, 'pen', 2.5), (2, 'it''s; a desk', 120), (3, 'lamp', 40)",
    );
  });

  it("makes a target, and then adds, changes and removes what differs", async () => {
    expect((await sync()).error).toBeUndefined();
    expect(await rows("target.db")).toEqual(await rows("source.db"));
    expect(read("report.md")).toContain("3 added, 0 changed, 0 removed, 0 the same");

    await database("source.db", "delete from products where id = 1");
    await database("source.db", "update products set price = 41 where id = 3");
    await database("source.db", "insert into products values (9007199254740993, 'far', 1)");
    expect((await sync()).error).toBeUndefined();
    expect(await rows("target.db")).toEqual(await rows("source.db"));
    expect(read("report.md")).toMatch(
      /1 added, 1 changed, 1 removed, 1 the same.*added 9007199254740993: far, 1\n.*changed 3: lamp, 40 → lamp, 41\n.*removed 1: pen, 2.5\n/s,
    );

    await database("source.db", "delete from products where id > 1000");
    expect((await sync()).error).toBeUndefined();
    expect(await rows("target.db")).toEqual(await rows("source.db"));
    expect((await sync()).warnings ?? []).toEqual([]);
    expect(read("report.md")).toContain("0 added, 0 changed, 0 removed, 2 the same");
  });

  it("refuses to remove more than is allowed, and changes nothing", async () => {
    await sync();
    const before = await rows("target.db");
    await database("source.db", "delete from products");
    await database("source.db", "insert into products values (4, 'chair', 9)");
    const { error } = await sync({ mostRemoved: 2, report: at("second.md") });
    expect(error?.message).toContain("Nothing was changed: 3 rows would be removed, and mostRemoved allows 2");
    expect(await rows("target.db")).toEqual(before);
    expect(existsSync(at("second.md"))).toBe(false);
  });

  it("fails where there is no source, and removes nothing", async () => {
    await sync();
    const { error } = await sync({ source: `sqlite:${at("missing.db")}` });
    expect(error?.nodeId).toBe("source");
    expect(await rows("target.db")).toHaveLength(3);
    expect(existsSync(at("missing.db"))).toBe(false);
  });
});

describe("picture-gallery", () => {
  const make = (variables = {}) =>
    run("picture-gallery", { pictures: at("pictures"), gallery: at("gallery"), width: 40, ...variables });
  const picture = (name: string, width: number, height: number) => {
    mkdirSync(join(at("pictures", name), ".."), { recursive: true });
    writeFileSync(at("pictures", name), bitmap(width, height, [200, 100, 50]));
  };
  const sizeOf = async (...parts: string[]) => {
    const given = { operation: "info", baseImage: at("gallery", ...parts) };
    const { width, height } = await node<Record<string, number>>("image", given);
    return [width, height];
  };

  it("makes two sizes of each picture and a page that leads to them", async () => {
    const odd = process.platform === "win32" ? "50% #1.bmp" : `50% #1 "q" <i>?.bmp`;
    picture("a.bmp", 2000, 1000);
    picture("a.bmp.bmp", 20, 10);
    picture(`sub/${odd}`, 80, 160);
    const result = await make({ title: "Us & them" });
    expect([result.error, result.warnings ?? []]).toEqual([undefined, []]);
    expect(await sizeOf("large", "a.bmp.jpg")).toEqual([1600, 800]);
    expect(await sizeOf("small", "a.bmp.jpg")).toEqual([40, 20]);
    expect(await sizeOf("small", "a.bmp.bmp.jpg")).toEqual([20, 10]);
    const page = read("gallery", "index.html");
    expect(page).toContain("<h1>Us &amp; them</h1>");
    expect(page).not.toContain("<i>");
    expect(page).toContain(`width="40" height="80"`);
    const addresses = [...page.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, address]) => address as string);
    expect(addresses).toHaveLength(6);
    for (const address of addresses) {
      const path = new URL(address, "http://gallery/").pathname;
      expect(existsSync(at("gallery", decodeURIComponent(path))), address).toBe(true);
    }
  });

  it("goes on after what is no picture, and tells of it", async () => {
    picture("good.bmp", 100, 100);
    writeFileSync(at("pictures", "bad.png"), "no picture");
    const result = await make();
    expect(result.error).toBeUndefined();
    expect(result.warnings?.map(({ message }) => message).join()).toContain("bad.png");
    const page = read("gallery", "index.html");
    expect(page).toContain("good.bmp.jpg");
    expect(page).toMatch(/<p>bad\.png is not shown: .*is no picture/);
  });

  it("warns of a folder without pictures", async () => {
    mkdirSync(at("pictures"));
    const result = await make();
    expect(result.error).toBeUndefined();
    expect(result.warnings?.length).toBeGreaterThan(0);
    expect(read("gallery", "index.html")).not.toContain("<img");
  });
});
describe("nightly-backup", () => {
  const backUp = (more = {}) => ({ folder: at("data"), backups: at("backups"), keep: 2, ...more });
  beforeEach(() => {
    mkdirSync(at("data", "sub"), { recursive: true });
    writeFileSync(at("data", "a.txt"), "first");
    writeFileSync(at("data", "sub", "ü.bin"), Buffer.alloc(100_000, 7));
  });

  it("packs what is there, and keeps the last few", async () => {
    mkdirSync(at("backups"));
    for (const name of [
      "backup-2020-01-02T03-04-05.678Z.zip",
      "backup-2019-12-31T23-59-59.999Z.zip",
      "backup-notes.zip",
    ])
      writeFileSync(at("backups", name), "not touched before its time");
    await runWell("nightly-backup", backUp());
    const [kept, made, other, ...rest] = readdirSync(at("backups")).sort();
    expect([kept, other, rest]).toEqual(["backup-2020-01-02T03-04-05.678Z.zip", "backup-notes.zip", []]);
    expect(made).toMatch(/^backup-\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z\.zip$/);
    const path = at("backups", made as string);
    await node("archive", { operation: "extract", path, folder: at("restored") });
    expect(read("restored", "a.txt")).toBe("first");
    expect(readFileSync(at("restored", "sub", "ü.bin")).equals(Buffer.alloc(100_000, 7))).toBe(true);
  });

  it("removes nothing while there are few", async () => {
    await runWell("nightly-backup", backUp({ keep: 5 }));
    await runWell("nightly-backup", backUp({ keep: 5 }));
    expect(readdirSync(at("backups"))).toHaveLength(2);
  });

  it.each([
    ["a folder that is missing", { folder: "missing" }, "pack"],
    ["a number to keep that is not whole", { keep: 0.5 }, "old"],
    ["nothing to keep", { keep: 0 }, "old"],
  ])("removes nothing for %s", async (_what, more, nodeId) => {
    mkdirSync(at("backups"));
    const names = [1, 2, 3].map((day) => `backup-2020-01-0${day}T00-00-00.000Z.zip`);
    for (const name of names) writeFileSync(at("backups", name), "");
    const { error } = await run("nightly-backup", backUp(more));
    expect(error?.nodeId).toBe(nodeId);
    expect(readdirSync(at("backups"))).toEqual(expect.arrayContaining(names));
  });

  it("removes nothing where the folder was empty", async () => {
    mkdirSync(at("empty"));
    mkdirSync(at("backups"));
    const names = [1, 2, 3].map((day) => `backup-2020-01-0${day}T00-00-00.000Z.zip`);
    for (const name of names) writeFileSync(at("backups", name), "");
    const { error } = await run("nightly-backup", backUp({ folder: at("empty") }));
    expect(error?.message).toMatch(/no older backup was removed|nothing|empty/i);
    expect(readdirSync(at("backups"))).toEqual(expect.arrayContaining(names));
  });
});
