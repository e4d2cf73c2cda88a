/**
 * Clients of a server as a process: `node clients.mjs <address> <number>`. Tells its parent once all are greeted, and for each
 * thing that all were told what each waited, in ms.
 */
import { WebSocket } from "ws";
import { now } from "./time.mjs";

/** Connections that are opened at once. */
const OPENING = 200;

const [address, number] = process.argv.slice(2);
let waits = [];
let ended = 0;
let lost = 0;

/** Hears what the server says until the process ends; resolves once it was greeted. */
function client() {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  let last = "";
  socket.on("close", () => {
    lost++;
    process.send({ lost });
  });
  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("message", (data) => {
      const text = String(data);
      if (text.startsWith('{"type":"hello"')) return resolve();
      const time = /"message":"(\d+\.\d+)"/.exec(text)?.[1];
      if (time !== undefined && time !== last) {
        last = time;
        waits.push(now() - Number(time));
        if (waits.length === Number(number)) {
          process.send({ waits });
          waits = [];
        }
      }
      if (/"event":"completed"/.test(text) && ++ended === Number(number)) process.send({ ended });
    });
  });
}

for (let open = 0; open < Number(number); open += OPENING) {
  await Promise.all(Array.from({ length: Math.min(OPENING, Number(number) - open) }, client));
}
process.send({ greeted: Number(number) });
process.once("disconnect", () => process.exit());
