// Saves a flow and kills itself at one step of the file system: `node crash-child.mjs <built package> <folder> <step>`.
// Step 0 never comes; then the number of steps is printed.
import promises, { mkdtemp, open, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";

const [, , entry, folder, when] = process.argv;
const engineModule = await import(join(entry, "desktop.js"));
let step = 0;

function killAt() {
  if (++step === Number(when)) process.kill(process.pid, "SIGKILL");
}

function wrap(object, name) {
  const original = object[name];
  object[name] = async function (...args) {
    killAt();
    const result = await original.apply(this, args);
    killAt();
    return result;
  };
}

// A long text goes to the disk in two parts, as it may when the power goes.
async function writeHalves(data) {
  const bytes = Buffer.from(data);
  const middle = bytes.length >> 1;
  await this.write(bytes, 0, middle);
  killAt();
  await this.write(bytes, middle);
}

const scratch = await mkdtemp(join(tmpdir(), "crash-"));
const probe = await open(join(scratch, "x"), "w");
const handle = Object.getPrototypeOf(probe);
await probe.close();
await rm(scratch, { recursive: true });
handle.writeFile = writeHalves;
for (const name of ["writeFile", "sync", "stat", "close"]) wrap(handle, name);
for (const name of [
  "open",
  "rename",
  "mkdir",
  "stat",
  "lstat",
  "realpath",
  "readlink",
  "chmod",
  "rm",
  "readFile",
  "readdir",
]) {
  wrap(promises, name);
}
syncBuiltinESMExports();

const engine = engineModule.createFileSystemEngine({ baseDir: folder });
await engine.save("team/f", { id: "new", text: "n".repeat(5000) });
process.stdout.write(String(step));
