/** What the native addon exports, as TypeScript: `@napi-rs/cli` makes it of what the derive finds in `bindings-node`. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { generateTypeDef } from "@napi-rs/cli";

import { demand, ROOT } from "./command.mjs";

const HEADER = `/**
 * What the native addon exports. Errors carry their code in the message: see \`error.ts\`.
 *
 * Written by \`npm run constants\` from \`bindings-node/src\`; \`npm run check\` finds what differs.
 */
`;

/**
 * The declarations, with the doc comments of Rust.
 *
 * The derive writes what it finds while the crate is compiled. Each call names a new folder for it: the build script of the crate
 * looks at the variable, so that Cargo compiles the crate anew, though not what it depends on, and all of it is found.
 *
 * @returns {Promise<string>}
 * @throws {import("./command.mjs").CommandError} when the crate does not compile
 */
export async function addonTypes() {
  const folder = mkdtempSync(join(tmpdir(), "conductor-addon-types-"));
  try {
    // Of all crates, so that what they stand on is as `cargo doc` left it: for one crate alone it has other features.
    const cargo = ["check", "--quiet", "--locked", "--workspace"];
    await demand("cargo", cargo, { env: { NAPI_TYPE_DEF_TMP_FOLDER: folder } });
    const { dts, exports } = await generateTypeDef({ typeDefDir: folder, dtsHeader: HEADER, cwd: ROOT });
    if (exports.length === 0)
      throw new Error("The derive of `napi` has written no types: see `bindings-node/Cargo.toml`");
    return dts.replace(/^export declare class \w+ \{\n[\s\S]*?^\}/gm, (declared) =>
      // The addon alone makes those without one, and throws where code does.
      declared.includes("constructor(") ? declared : declared.replace("{\n", "{\n  private constructor()\n"),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
