/** A registry on this machine that has the packed tarballs, so that `npm install NAME` brings what would be published. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { basename } from "node:path";

import { demand } from "../../scripts/command.mjs";

/** The scope of the packages. */
const SCOPE = "@atomiton";

/**
 * Starts one.
 *
 * @param {string[]} tarballs their paths
 * @returns `env`, by which npm asks it for packages of the scope, and the usual registry for others; and how to end it
 */
export async function startRegistry(tarballs) {
  const packages = new Map();
  const files = new Map();
  const http = createServer(({ url }, response) => {
    const path = decodeURIComponent(url).slice(1);
    const answer = files.get(path) ?? packages.get(path);
    response.writeHead(answer === undefined ? 404 : 200);
    response.end(Buffer.isBuffer(answer) ? answer : JSON.stringify(answer ?? { error: "not found" }));
  });
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${http.address().port}/`;
  for (const tarball of tarballs) {
    const manifest = JSON.parse(await demand("tar", ["-xOzf", tarball, "package/package.json"]));
    const { name, version } = manifest;
    const bytes = readFileSync(tarball);
    const integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    files.set(basename(tarball), bytes);
    const dist = { tarball: address + basename(tarball), integrity };
    packages.set(name, { name, "dist-tags": { latest: version }, versions: { [version]: { ...manifest, dist } } });
  }
  return {
    env: { [`npm_config_${SCOPE}:registry`]: address },
    stop() {
      http.closeAllConnections();
      return new Promise((resolve) => http.close(resolve));
    },
  };
}
