// Owns executions of a store in a process of its own: `node sqlite-child.mjs <built package> <database> <task>`. Tells what it has
// come to by lines on its output, and goes on at each line of its input.
import { join } from "node:path";
import { createInterface } from "node:readline";

const [, , entry, path, task, user] = process.argv;
const { openSqliteStore } = await import(join(entry, "desktop.js"));
if (user !== undefined) {
  // Another user than root, to whom permissions mean something.
  process.setgid(Number(user));
  process.setuid(Number(user));
}

const tell = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const begin = (id) => ({
  type: "begin",
  execution: {
    id,
    flowId: "flow",
    name: "Flow",
    document: "{}",
    documentHash: "0",
    head: new Uint8Array(),
    trigger: "call",
    tags: [],
    startedAt: 1000,
  },
});
const append = (id, sequence, size = 8) => ({
  type: "append",
  id,
  epoch: 1,
  sequence,
  journal: new Uint8Array(size),
  values: new Uint8Array(size),
});

try {
  const store = await openSqliteStore(path);
  if (task === "own") {
    await store.write([begin("theirs"), append("theirs", 1)]);
    tell("owned");
    await lines.next();
    await store.close();
    tell("closed");
    process.exit(0);
  } else if (task === "flood") {
    // Writes until it is killed, and tells of each record once it is written.
    await store.write([begin("theirs")]);
    for (let sequence = 1; ; sequence += 1) {
      await store.write([append("theirs", sequence, 3000)]);
      tell(sequence);
    }
  } else if (task === "left-open") {
    // Neither an open store nor one that has written keeps a process alive; a write that is under way does.
    store.write([begin("theirs")]).then(() => tell("written"));
    process.stdin.unref();
  } else if (task === "save") {
    // Saves versions of a flow until it is killed, and tells of each once it is saved.
    for (let index = 1; ; index += 1) {
      const nodes = Array.from({ length: 500 }, (_, node) => ({ id: `n${node}`, code: `${index} `.repeat(50) }));
      const flow = { id: "f", name: "F", version: "1.0.0", nodes, edges: [] };
      tell((await store.flows.save("f", flow)).version);
    }
  } else if (task === "compete") {
    // Tries to be the one that saves each of many versions, and tells of those that it saved.
    tell("ready");
    await lines.next();
    const won = [];
    for (let version = 0; version < 60; version += 1) {
      try {
        await store.flows.save("f", { id: "f", by: process.pid, version }, { ifVersion: version });
        won.push(version + 1);
      } catch (error) {
        if (error.code !== "VERSION_CONFLICT") throw error;
      }
      // Waits for the other one, so that both want the next version.
      while (!(await store.flows.find("f", version + 1)));
    }
    tell({ pid: process.pid, won });
    await store.close();
    process.exit(0);
  } else if (task === "open") {
    tell("opened");
    process.exit(0);
  }
} catch (error) {
  tell({ code: error.code, message: error.message });
  process.exit(1);
}
