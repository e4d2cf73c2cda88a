/** The key of secrets in the keychain of the system: here the Secret Service of GNOME, on a bus of its own. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

import { CLI, file, folder } from "./cli.js";

const VALUE = "planted-71c0de55-Zürich";

const FLOW = `
id: reads
type: group
nodes:
  - { id: a, type: edit-fields, parameters: { keepOnlySet: true, values: { length: "\${{ secrets.TOKEN.length }}" } } }
`;

const hasKeychain = ["gnome-keyring-daemon", "dbus-run-session"].every(
  (name) => spawnSync(name, ["--version"]).status === 0,
);

/** Runs lines of a shell with a keychain of its own in the folder `data`, unlocked, if there is to be one; `conductor` is the command. */
function inShell(cwd: string, script: string, { withKeychain = true, data = "data" } = {}) {
  const unlock = "printf pass | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1\n";
  const lines = `set -e\nconductor() { "${process.execPath}" "${CLI}" "$@"; }\n${withKeychain ? unlock : ""}${script}`;
  const [program, ...args] = withKeychain ? ["dbus-run-session", "--", "bash", "-c", lines] : ["bash", "-c", lines];
  const { DBUS_SESSION_BUS_ADDRESS: _, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(program as string, args, {
    cwd,
    encoding: "utf8",
    env: { ...env, XDG_DATA_HOME: join(cwd, data) },
  });
  return { status, stdout, stderr };
}

describe("a key of secrets", () => {
  it.skipIf(!hasKeychain)("is kept in the system's keychain, and added to by a rotation", () => {
    const cwd = folder();
    file(cwd, "reads.flow.yaml", FLOW);
    const where = "--store sqlite:a.db --secret-key keychain:shop";
    const { status, stdout, stderr } = inShell(
      cwd,
      `printf '${VALUE}' | conductor secrets set TOKEN ${where}
       conductor secrets rotate ${where}
       printf '${VALUE}' | conductor secrets set OTHER ${where}
       conductor run reads.flow.yaml --json ${where}`,
    );
    expect({ status, stderr }).toMatchObject({ status: 0 });
    expect(stderr).toContain('Made the key of the secrets: the entry "shop" of the system\'s keychain');
    const json = stdout.slice(stdout.indexOf("{"));
    expect(JSON.parse(json)).toMatchObject({ data: { result: { length: VALUE.length } } });
    expect(existsSync(join(cwd, "conductor.secret-key"))).toBe(false);

    // Another keychain does not have it, and none is made for secrets that have one.
    const other = inShell(cwd, `printf x | conductor secrets set TOKEN ${where}`, { data: "other" });
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining("which is missing") });
  });

  it.skipIf(process.platform !== "linux")("is not looked for elsewhere where there is no keychain", () => {
    const cwd = folder();
    const set = `printf x | conductor secrets set TOKEN --store sqlite:a.db --secret-key keychain:shop`;
    const { status, stderr } = inShell(cwd, `export DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere\n${set}`, {
      withKeychain: false,
    });
    expect({ status, stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(
        /^The key of secrets cannot be had from the entry "shop" of the system's keychain: .+unlocked\?\n$/,
      ),
    });
    expect(existsSync(join(cwd, "conductor.secret-key"))).toBe(false);
  });
});
