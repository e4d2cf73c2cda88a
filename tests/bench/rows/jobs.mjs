import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";

import { jobAim } from "../aims.mjs";
import { requirePeer } from "../peers.mjs";

const PEERS = ["plain", "n8n-core"];
const ANSWER_MS = 20;
const ROWS = 100;
const PICTURES = 100;

/**
 * What people automate: items through code, steps that wait, a step that fails, a request whose rows go into a database,
 * and pictures.
 *
 * @param {import("../measure.mjs").Bench} bench
 * @param {{ quick: boolean, backends: string[] }} options quick: 20 pictures
 */
export async function* jobs(bench, { quick, backends }) {
  const own = backends.map((backend) => `conductor ${backend}`);
  const compare = (kind, names, paramsOf = () => ({})) =>
    bench.compare(names.map((name) => ({ name, method: "prepareJob", params: { kind, ...paramsOf(name) } })));
  const against = (figures, peer, most) =>
    own
      .map((name) => jobAim(`${name} / ${peer}`, figures[name].median / figures[peer].median, most))
      .filter(({ value }) => Number.isFinite(value));
  const line = (work, figures, ratios) => ({ row: "jobs", work, unit: "ms", figures, ratios });

  const items = await compare("items", [...PEERS, ...own]);
  yield line("100,000 items through JavaScript", items, [
    ...against(items, "plain", 1.2),
    ...against(items, "n8n-core"),
  ]);

  const steps = await compare("steps", [...PEERS, ...own]);
  yield line("8 steps of 5 ms, 2 branches", steps, [...against(steps, "plain", 1.1), ...against(steps, "n8n-core")]);

  const whole = await compare("ten", [...PEERS, ...own]);
  const failing = await compare("failing", [...PEERS, ...own]);
  const rises = [...PEERS, ...own].map((name) =>
    jobAim(
      `${name}: failing / succeeding`,
      failing[name].median / whole[name].median,
      own.includes(name) ? 2 : undefined,
    ),
  );
  yield line(
    "10 steps, of which the sixth fails",
    failing,
    rises.filter(({ value }) => Number.isFinite(value)),
  );

  yield* requests();
  yield* pictures();

  async function* requests() {
    const folder = await mkdtemp(join(tmpdir(), "bench-jobs-"));
    const rows = Array.from({ length: ROWS }, (_, id) => ({ id, name: `item ${id}`, price: id / 4 }));
    const server = createServer((_request, response) => {
      setTimeout(() => response.setHeader("content-type", "application/json").end(JSON.stringify(rows)), ANSWER_MS);
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${server.address().port}/items`;
      const paramsOf = (name) => {
        const file = join(folder, `${name.replaceAll(" ", "-")}.db`);
        const Database = requirePeer("libsql");
        const database = new Database(file);
        database.exec("create table if not exists items (id integer, name text, price real)");
        database.close();
        return { url, file };
      };
      // SQLite is in the addon.
      const names = [...PEERS, ...own.filter((name) => name.endsWith("native"))];
      const figures = await compare("fetch", names, paramsOf);
      const native = figures["conductor native"]?.median;
      yield line(
        `HTTP, answered after ${ANSWER_MS} ms → JSON → ${ROWS} rows into SQLite`,
        figures,
        [
          jobAim("conductor native / plain", native / figures.plain.median, 1.1),
          jobAim("conductor native / n8n-core", native / figures["n8n-core"].median, 1),
        ].filter(({ value }) => Number.isFinite(value)),
      );
    } finally {
      server.close();
      server.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    }
  }

  async function* pictures() {
    if (!backends.includes("native")) return;
    const folder = await mkdtemp(join(tmpdir(), "bench-pictures-"));
    try {
      const source = join(folder, "photo.jpg");
      writeFileSync(source, await photo());
      const count = quick ? PICTURES / 5 : PICTURES;
      const figures = await bench.compare(
        ["sharp", "conductor native"].map((name) => {
          const targets = join(folder, name.replaceAll(" ", "-"));
          mkdirSync(targets);
          const list = Array.from({ length: count }, (_, at) => ({ source, target: join(targets, `${at}.jpg`) }));
          const params = { pictures: list, width: 320, height: 240, places: availableParallelism() };
          return { name, method: "preparePictures", params };
        }),
      );
      for (const name of ["sharp", "conductor-native"]) {
        const made = (await readdir(join(folder, name))).length;
        if (made !== count) figures[name.replace("-", " ")] = { missing: `made ${made} of ${count} pictures` };
      }
      const ratio = figures["conductor native"].median / figures.sharp.median;
      yield line(`${count} photographs of 1,600 × 1,200 to 320 × 240, JPEG`, figures, [
        ...(Number.isFinite(ratio) ? [jobAim("conductor native / sharp", ratio, 1.2)] : []),
      ]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** A picture with about as much in it as a photograph has. */
async function photo() {
  const sharp = requirePeer("sharp");
  const noise = { type: "gaussian", mean: 128, sigma: 60 };
  const small = await sharp({ create: { width: 200, height: 150, channels: 3, noise, background: "grey" } })
    .png()
    .toBuffer();
  return sharp(small).resize(1600, 1200).jpeg({ quality: 90 }).toBuffer();
}
