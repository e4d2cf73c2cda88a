/**
 * An airport service that is not quite well: every third request it hangs up instead of answering.
 *
 *     node examples/flights/api.mjs 8123
 *
 * `GET /airports/ATL` answers `{ "airport": "ATL", "delay": 12 }`, minutes of delay that follow from the name alone.
 */
import { createServer } from "node:http";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

/** Minutes by which flights from an airport are late: 5 to 44, always the same for the same airport. */
export function delayOf(airport) {
  return 5 + ([...airport].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 40);
}

/** Starts it; `every` says how often it fails, 1 for always. Its `asked` are the airports asked for so far. */
export async function startApi({ port = 0, every = 3 } = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    const [, airport] = /^\/airports\/([A-Z0-9]+)$/.exec(request.url) ?? [];
    if (airport === undefined) return response.writeHead(404).end();
    asked.push(airport);
    if (asked.length % every === 0) return request.socket.destroy();
    response.writeHead(200, { "content-type": "application/json" });
    return response.end(JSON.stringify({ airport, delay: delayOf(airport) }));
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, asked, stop: () => server.close() };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await startApi({ port: Number(argv[2] ?? 8123) });
  console.log(`Listening at ${url}`);
}
