/** `npm run pack`: the tarballs that users install, and the one with the addon for this platform, in `out/packages`. */

import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { demand, ROOT } from "./command.mjs";
import { packages } from "./packages.mjs";

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
  const packOne = async (path) => {
    tarballs.push(await packFolder(path, folder));
  };
  const native = packages.find(({ name }) => name === "@atomiton/conductor-native");
  for (const file of readdirSync(native.path)) {
    const platform = ADDON.exec(file)?.[1];
    if (platform !== undefined) await packPlatform(native, file, platform, packOne);
  }
  for (const { path } of packages) await packOne(path);
  return tarballs;
}

/** Packs the package in `path` as it would be published; where the tarball is. */
export async function packFolder(path, folder) {
  const answer = await demand("npm", ["pack", "--json", "--pack-destination", folder, path], { split: true });
  // npm's answer is a list, or since version 12 an object by package name.
  const [{ filename }] = Object.values(JSON.parse(answer));
  return join(folder, filename);
}

/** The addon alone, as the package that a platform installs. */
async function packPlatform(native, file, platform, packOne) {
  const [os, cpu, abi] = platform.split("-");
  const folder = mkdtempSync(join(tmpdir(), "conductor-platform-"));
  try {
    copyFileSync(join(native.path, file), join(folder, file));
    copyFileSync(join(ROOT, "LICENSE"), join(folder, "LICENSE"));
    const { version, license } = native.manifest;
    const manifest = {
      name: `@atomiton/conductor-${platform}`,
      version,
      description: `The native addon of atomiton conductor for ${platform}.`,
      license,
      os: [os],
      cpu: [cpu],
      ...(abi && { libc: [abi === "gnu" ? "glibc" : abi] }),
      main: file,
      files: [file],
    };
    writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await packOne(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { setupOrExit } = await import("./setup.mjs");
  await setupOrExit({ withWasm: true });
  const folder = join(ROOT, "out", "packages");
  rmSync(folder, { recursive: true, force: true });
  for (const path of await pack(folder)) console.log(path);
}
