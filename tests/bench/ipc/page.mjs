/** The page: sends the same request by turns raw and through the bridge, and times both until the answer is there. */
import { EventEmitter } from "node:events";
import { exposeConductor } from "@atomiton/conductor/preload";
import { seededRandom } from "../random.mjs";

const events = new EventEmitter();
const waiting = new Map();
let count = 0;

function ask(message) {
  const seq = ++count;
  return new Promise((resolve) => {
    waiting.set(seq, resolve);
    process.send({ ...message, seq });
  });
}

const ipcRenderer = {
  invoke: (channel, ...args) => ask({ kind: "invoke", channel, args }),
  send: () => {},
  on: (channel, listener) => events.on(channel, listener),
  removeListener: (channel, listener) => events.removeListener(channel, listener),
};
const world = {};
exposeConductor({
  ipcRenderer,
  isolated: true,
  contextBridge: { exposeInMainWorld: (key, api) => Object.assign(world, { [key]: api }) },
});
const bridge = world.atomiton.__bridge__;

const heard = { completed: 0 };
bridge.listen("node", "completed", () => {
  heard.completed += 1;
});
bridge.listen("node", "progress", () => {});

async function measure({ request, warmUp, rounds }) {
  const exchanges = {
    raw: () => ask({ kind: "ping", args: ["execute", request] }),
    conductor: () => bridge.call("node", "execute", request),
  };
  const samples = { raw: [], conductor: [] };
  const random = seededRandom(rounds);
  for (let round = -warmUp; round < rounds; round += 1) {
    const order = random() < 0.5 ? ["raw", "conductor"] : ["conductor", "raw"];
    for (const name of order) {
      const started = performance.now();
      const { result } = await exchanges[name]();
      const ended = performance.now();
      if (result?.success !== true) throw new Error(`${name} was answered with a failure`);
      if (round >= 0) samples[name].push(ended - started);
    }
  }
  if (heard.completed < rounds) throw new Error("Events are missing");
  return samples;
}

process.on("message", async (message) => {
  if (message.kind === "event") events.emit(message.channel, {}, ...message.args);
  else if (message.kind === "answer") {
    waiting.get(message.seq)(message.value);
    waiting.delete(message.seq);
  } else if (message.kind === "measure") process.send({ kind: "measured", samples: await measure(message) });
});
process.on("disconnect", () => process.exit());
