/** `npm run pack`: the tarballs that users install, and the one with the addon for this platform, in `out/packages`. */

import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { demand, ROOT } from "./command.mjs";
import { newest } from "./freshness.mjs";
import { packages } from "./packages.mjs";

const NATIVE = "@atomiton/conductor-native";
const ADDON = /^conductor\.(.+)\.node$/;

/**
 * Packs what is built.
 *
 * @param {string} folder where the tarballs go
 * @returns {Promise<string[]>} their paths, each package after those it needs
 */
export async function pack(folder) {
  mkdirSync(folder, { recursive: true });
  const tarballs = [];
  const native = packages.find(({ name }) => name === NATIVE);
  for (const platform of platformsOf(native)) tarballs.push(await packPlatform(native, platform, folder));
  for (const one of packages) tarballs.push(await packPackage(one, folder));
  return tarballs;
}

/**
 * The tarballs of what is built now: the first who asks packs it, which takes longer than to install it, and all others get the same.
 *
 * @returns {Promise<string[]>} as {@link pack}; the files are shared, and must stay as they are
 */
export async function packed() {
  const all = join(ROOT, ".cache", "packages");
  const folder = join(all, String(newest(packages.flatMap(packedFiles))));
  const order = join(folder, "order.json");
  if (!existsSync(order)) {
    mkdirSync(all, { recursive: true });
    const begun = mkdtempSync(join(all, "begun-"));
    const names = (await pack(begun)).map((path) => basename(path));
    writeFileSync(join(begun, "order.json"), JSON.stringify(names));
    try {
      renameSync(begun, folder);
    } catch (error) {
      rmSync(begun, { recursive: true });
      // Another process was faster.
      if (!existsSync(order)) throw error;
    }
    for (const name of readdirSync(all)) {
      if (name !== basename(folder) && !name.startsWith("begun-")) rmSync(join(all, name), { recursive: true });
    }
  }
  return JSON.parse(readFileSync(order, "utf8")).map((name) => join(folder, name));
}

/** What goes into the tarball of a package, by its manifest. */
function packedFiles({ path, manifest }) {
  const addons = readdirSync(path).filter((file) => ADDON.test(file));
  return ["package.json", "README.md", "LICENSE", ...manifest.files, ...addons].map((name) => join(path, name));
}

/** Packs one package of this repository as it would be published; where the tarball is. */
export async function packPackage(one, folder) {
  return one.name === NATIVE ? packNative(one, folder) : packFolder(one.path, folder);
}

/** Packs the package in `path`; where the tarball is. */
async function packFolder(path, folder) {
  const answer = await demand("npm", ["pack", "--json", "--pack-destination", folder, path], { split: true });
  // npm's answer is a list, or since version 12 an object by package name.
  const [{ filename }] = Object.values(JSON.parse(answer));
  return join(folder, filename);
}

/** The platforms whose addons lie beside the package that loads them. */
function platformsOf({ path }) {
  return readdirSync(path).flatMap((file) => ADDON.exec(file)?.[1] ?? []);
}

/**
 * The loader, with the platforms' packages among its dependencies: it requires them, and strict layouts let a package reach
 * only what it names. They are named here and not in the checkout, where no registry has them and the addon lies beside.
 */
function packNative(native, folder) {
  const { path, manifest } = native;
  const optionalDependencies = Object.fromEntries(
    platformsOf(native).map((platform) => [platformPackage(platform), manifest.version]),
  );
  return packStaged({ ...manifest, optionalDependencies }, folder, (stage) => {
    for (const name of [...manifest.files, "LICENSE", "README.md"]) {
      cpSync(join(path, name), join(stage, name), { recursive: true });
    }
  });
}

/** The addon alone, as the package that a platform installs. */
function packPlatform({ path, manifest: { version, license } }, platform, folder) {
  const [os, cpu, abi] = platform.split("-");
  const file = `conductor.${platform}.node`;
  const manifest = {
    name: platformPackage(platform),
    version,
    description: `The native addon of atomiton conductor for ${platform}.`,
    license,
    os: [os],
    cpu: [cpu],
    ...(abi && { libc: [abi === "gnu" ? "glibc" : abi] }),
    main: file,
    files: [file],
  };
  return packStaged(manifest, folder, (stage) => {
    copyFileSync(join(path, file), join(stage, file));
    copyFileSync(join(ROOT, "LICENSE"), join(stage, "LICENSE"));
  });
}

const platformPackage = (platform) => `@atomiton/conductor-${platform}`;

/** Packs files that are brought together for it, under a manifest of their own. */
async function packStaged(manifest, folder, bring) {
  const stage = mkdtempSync(join(tmpdir(), "conductor-package-"));
  try {
    bring(stage);
    writeFileSync(join(stage, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
    return await packFolder(stage, folder);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { setupOrExit } = await import("./setup.mjs");
  await setupOrExit({ withWasm: true });
  const folder = join(ROOT, "out", "packages");
  rmSync(folder, { recursive: true, force: true });
  for (const path of await pack(folder)) console.log(path);
}
