/** The invoices example over its own mails, over a Maildir, and over mails that mean harm. */

import assert from "node:assert/strict";
import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ROOT } from "../../scripts/command.mjs";
import { flowOf, place } from "./command.mjs";

const MAIL = join(ROOT, "examples", "invoices", "mail");

/** Runs the flow over a folder; `rows` are the totals of the index, `notes` what is to be looked at. */
async function invoices(t, mail, ...args) {
  const here = place(t);
  const ended = await here.conductor("run", flowOf("invoices"), "--var", `mail=${mail}`, ...args);
  const index = here.file("out", "invoices", "index.html") ?? "";
  const all = (pattern) => [...index.matchAll(pattern)].map(([, ...found]) => found);
  const out = join(here.folder, "out", "invoices");
  return {
    ...ended,
    index,
    totals: all(/<tr><td>(.*?)<\/td><td align="right">(\d+)<\/td><td align="right">(.*?)<\/td><\/tr>/g),
    links: all(/<li><a href="(.*?)">(.*?)<\/a>/g),
    notes: all(/<li>(?!<a)(.*)<\/li>/g).map(([note]) => note),
    page: (name) => here.file("out", "invoices", name),
    pages: existsSync(out) ? readdirSync(out).filter((name) => name !== "index.html") : [],
    folder: here.folder,
  };
}

/** Added up by hand from the attachments. */
const TOTALS = [
  ["Northwind Hosting", "1", "EUR 59.90"],
  ["Northwind Hosting", "1", "USD 12.50"],
  ["Papier &amp; Söhne GmbH", "2", "EUR 97.50"],
  ["Tea House", "1", "EUR 123.00"],
];

test("each invoice has a page, and the index has the totals and what is to be looked at", async (t) => {
  const { code, stderr, totals, links, notes, page, pages } = await invoices(t, MAIL);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(totals.sort(), TOTALS);
  assert.equal(links.length, 5);
  assert.deepEqual(links.map(([name]) => name).sort(), pages.sort());
  const tea = page("billing@teahouse.example-TH-117.html");
  assert.match(tea, /Green tea<\/td><td align="right">12<\/td><td align="right">9.00</);
  assert.match(tea, /EUR 123.00/);
  assert.match(page("rechnung@papier.example-2024-0815.html"), /Briefpapier &amp; Umschläge/);
  assert.equal(notes.length, 3);
  assert.match(notes[0], /TH-121 .*`difference` must be at most 0, found 1800/);
  assert.match(notes[1], /TH-117 .*04-tea-house-again\.eml\) came before/);
  assert.match(notes[2], /Spring offers .*brings no invoice/);
});

test("a Maildir is read as well, whose files have no ending", async (t) => {
  const maildir = join(place(t).folder, "Maildir");
  for (const folder of ["cur", "new", "tmp"]) mkdirSync(join(maildir, folder), { recursive: true });
  for (const [at, name] of readdirSync(MAIL).sort().entries()) {
    copyFileSync(
      join(MAIL, name),
      join(maildir, at % 2 ? "new" : "cur", `171000000${at}.M1P2.host${at % 2 ? "" : ":2,S"}`),
    );
  }
  const { code, stderr, totals } = await invoices(t, maildir, "--var", "files=**/{cur,new}/*");
  assert.deepEqual([code, stderr], [0, ""]);
  assert.deepEqual(totals.sort(), TOTALS);
});

test("mails that mean harm write no other file and no markup, and the others go on", async (t) => {
  const mail = join(place(t).folder, "mail");
  mkdirSync(mail);
  const attach = (name, from, filename, content) =>
    writeFileSync(
      join(mail, name),
      `From: ${from}\nSubject: Invoice\nMIME-Version: 1.0\nContent-Type: application/json\n` +
        `Content-Disposition: attachment; filename="${filename}"\n\n${content}\n`,
    );
  const invoice = (more) =>
    JSON.stringify({
      number: "A-1",
      date: "2024-03-01",
      currency: "EUR",
      total: 2,
      lines: [{ item: "x", quantity: 1, price: 2 }],
      ...more,
    });
  const lines = [{ item: "<script>alert(1)</script>", quantity: 1, price: 2 }];
  attach("1.eml", '"<img src=x onerror=alert(1)>" <a@example.com>', "i.json", invoice({ lines }));
  attach("2.eml", "b@example.com", "../../../escaped.json", invoice({ number: "../../escaped" }));
  attach("3.eml", "c@example.com", "i.json", "{ not json");
  attach(
    "4.eml",
    "d@example.com",
    "i.xml",
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><invoice>&b;</invoice>',
  );
  attach("5.eml", "e@example.com", "i.json", invoice({ total: "2e999" }));
  attach("6.eml", "f@example.com", "i.json", invoice({ lines: null }));
  writeFileSync(join(mail, "7.eml"), "no mail at all");
  const { code, stderr, totals, pages, index, notes, page, folder } = await invoices(t, mail);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(totals.length, 1);
  assert.deepEqual(pages, ["a@example.com-A-1.html"]);
  for (const text of [index, page(pages[0])]) assert.doesNotMatch(text, /<(?:script|img)/);
  assert.doesNotMatch(index, /root:/);
  assert.equal(notes.length, 6);
  assert.match(notes.join("\n"), /`number`.*must match pattern/);
  assert.match(notes.join("\n"), /7\.eml is no mail/);
  assert.deepEqual(readdirSync(folder).sort(), ["node_modules", "out"]);
});

test("a folder without invoices ends in an index that says so, and one that is not there in an error", async (t) => {
  const mail = join(place(t).folder, "mail");
  mkdirSync(mail);
  copyFileSync(join(MAIL, "06-newsletter.eml"), join(mail, "a.eml"));
  const { code, notes, totals, pages } = await invoices(t, mail);
  assert.deepEqual([code, totals, pages, notes.length], [0, [], [], 1]);
  const missing = await invoices(t, join(mail, "nowhere"));
  assert.deepEqual([missing.code, missing.index], [1, ""]);
  assert.match(missing.stderr, /nowhere/);
});
