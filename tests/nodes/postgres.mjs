/** A PostgreSQL of its own for tests, in a folder that goes with it. */

import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where Debian puts its versions; elsewhere POSTGRES_BIN says it. */
const INSTALLED = "/usr/lib/postgresql";

/** Why there can be none on this machine; `undefined` where there can. */
export function missingPostgres() {
  if (binaries() === undefined) return "PostgreSQL is not installed (apt-get install postgresql, or set POSTGRES_BIN)";
  if (process.getuid?.() === 0 && account() === undefined)
    return "PostgreSQL does not run as root, and there is no account postgres";
  return undefined;
}

/**
 * Starts one; `url` leads to its database `postgres` as its superuser, without a password.
 *
 * @param {{ fsync?: boolean }} options `fsync`: whether what is committed is on disk, as a server has it; tests are faster without
 * @returns `crash()` ends it as a power cut would, `restart()` starts it again with its data, `stop()` removes it
 */
export async function startPostgres({ fsync = false } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"));
  const owner = process.getuid?.() === 0 ? account() : undefined;
  if (owner !== undefined) chownSync(folder, owner.uid, owner.gid);
  const data = join(folder, "data");
  const as = { ...owner, cwd: folder };
  const program = (name) => join(binaries(), name);
  execFileSync(program("initdb"), ["-D", data, "-U", "app", "-A", "trust", "-E", "UTF8", "--no-sync"], {
    ...as,
    stdio: "ignore",
  });
  const port = await freePort();
  const settings = [
    `port=${port}`,
    "listen_addresses=127.0.0.1",
    `unix_socket_directories=${folder}`,
    `fsync=${fsync ? "on" : "off"}`,
  ];
  let server;
  let ended;
  const start = async () => {
    server = spawn(program("postgres"), ["-D", data, ...settings.flatMap((each) => ["-c", each])], {
      ...as,
      stdio: ["ignore", "ignore", "pipe"],
    });
    ended = new Promise((resolve) => server.once("close", resolve));
    await ready(server);
  };
  const crash = async () => {
    server.kill("SIGQUIT");
    await ended;
  };
  await start();
  return {
    port,
    url: `postgresql://app@127.0.0.1:${port}/postgres`,
    crash,
    restart: start,
    async stop() {
      await crash();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function binaries() {
  const given = process.env.POSTGRES_BIN;
  if (given !== undefined) return given;
  if (!existsSync(INSTALLED)) return undefined;
  const [newest] = readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a));
  const folder = newest === undefined ? undefined : join(INSTALLED, newest, "bin");
  return folder !== undefined && existsSync(join(folder, "initdb")) ? folder : undefined;
}

function account() {
  try {
    const id = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8", stdio: "pipe" }));
    return { uid: id("-u"), gid: id("-g") };
  } catch {
    return undefined;
  }
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function ready(server) {
  return new Promise((resolve, reject) => {
    let said = "";
    server.once("error", reject);
    server.once("close", () => reject(new Error(`PostgreSQL did not start: ${said}`)));
    server.stderr.setEncoding("utf8").on("data", (text) => {
      if (said.length < 100_000) said += text;
      if (said.includes("ready to accept connections")) resolve();
    });
  });
}
