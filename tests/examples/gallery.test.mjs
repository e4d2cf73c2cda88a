/** The gallery example over its own pictures and over hostile names, looked at in a real Chromium. */

import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import puppeteer from "puppeteer-core";

import { CHROMIUM_ARGUMENTS, CHROMIUM_HINT, findChromium } from "../../scripts/chromium.mjs";
import { ROOT } from "../../scripts/command.mjs";
import { flowOf, place } from "./command.mjs";

const PICTURES = join(ROOT, "examples", "gallery", "pictures");
const chromium = findChromium();
const skip = chromium === undefined ? `Chromium is not installed (${CHROMIUM_HINT})` : false;

/** What a page shows: of each picture its size once loaded, 0 where it is broken, and the size of what its link leads to. */
async function shown(t, path) {
  const browser = await puppeteer.launch({ executablePath: chromium, args: CHROMIUM_ARGUMENTS });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.goto(pathToFileURL(path).href);
  const pictures = await page.evaluate(() => {
    const sizeOf = (image) => [image.naturalWidth, image.naturalHeight];
    const loaded = (address) =>
      new Promise((resolve) => {
        const image = new Image();
        image.onload = () => resolve(sizeOf(image));
        image.onerror = () => resolve([0, 0]);
        image.src = address;
      });
    return Promise.all(
      [...document.images].map(async (image) => ({
        name: image.alt,
        small: await loaded(image.src),
        large: await loaded(image.parentElement.href),
      })),
    );
  });
  const text = await page.evaluate(() => document.body.textContent);
  return { pictures, text, dialogs, heading: await page.title() };
}

test("the page shows every picture, turned as it was taken, and leads to the large ones", { skip }, async (t) => {
  const { conductor, folder } = place(t);
  const { code, stderr } = await conductor(
    "run",
    flowOf("gallery"),
    "--var",
    `pictures=${PICTURES}`,
    "--var",
    "title=A & B",
  );
  assert.deepEqual([code, stderr], [0, ""]);
  const { pictures, heading, text } = await shown(t, join(folder, "out", "gallery", "index.html"));
  assert.equal(heading, "A & B");
  assert.deepEqual(pictures, [
    { name: "cat", small: [300, 200], large: [451, 300] },
    { name: "coffee", small: [300, 200], large: [400, 600] },
    { name: "rocket", small: [300, 200], large: [640, 427] },
    { name: "deep field #1", small: [300, 200], large: [700, 610] },
  ]);
  assert.match(text, /sky, 700 × 610, 63 KB/);
});

test("names that mean harm are text, their links work, and what is no picture is told", { skip }, async (t) => {
  const { conductor, folder } = place(t);
  const pictures = join(folder, "pictures");
  mkdirSync(join(pictures, "50% off?"), { recursive: true });
  const names = ["<img src=x onerror=alert(1)>.jpg", 'a"b&amp;.jpg', join("50% off?", "ü ?#.jpg")];
  for (const name of names) copyFileSync(join(PICTURES, "cat.jpg"), join(pictures, name));
  writeFileSync(join(pictures, "broken.png"), "no picture");
  const { code, stderr } = await conductor("run", flowOf("gallery"), "--var", "pictures=pictures");
  assert.deepEqual([code, stderr], [0, ""]);
  const page = await shown(t, join(folder, "out", "gallery", "index.html"));
  assert.deepEqual(page.dialogs, []);
  assert.equal(page.pictures.length, 3);
  for (const { name, small, large } of page.pictures) {
    assert.deepEqual(
      [small, large],
      [
        [300, 200],
        [451, 300],
      ],
      name,
    );
  }
  assert.match(page.text, /broken\.png is not shown/);
});
