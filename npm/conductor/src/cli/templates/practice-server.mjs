/**
 * A server to try flows with, on this machine only:  node practice-server.mjs [port]
 *
 *   GET  /rates           fails two times of three with 503, so that it has to be asked again
 *   GET  /items/7         an item; every tenth does not exist
 *   GET  /products.html   a list whose first price is another one each time
 *   POST /webhook         prints what it is told
 */
import { createServer } from "node:http";

let rates = 0;
let pages = 0;

const server = createServer(async (request, response) => {
  const answer = (status, type, text) => response.writeHead(status, { "content-type": type }).end(text);
  const json = (status, value) => answer(status, "application/json", JSON.stringify(value));
  const { method, url = "/" } = request;
  const item = /^\/items\/(\d+)$/.exec(url)?.[1];
  if (method === "POST" && url === "/webhook") {
    let text = "";
    for await (const part of request.setEncoding("utf8")) text += part;
    console.log(`told: ${text}`);
    return json(200, { ok: true });
  }
  if (url === "/rates")
    return ++rates % 3 === 0 ? json(200, { eur: 1, usd: 1.09 }) : json(503, { error: "overloaded" });
  if (item !== undefined && Number(item) % 10 === 0) return json(404, { error: `no item ${item}` });
  if (item !== undefined) return json(200, { id: Number(item), name: `Item ${item}`, price: Number(item) * 2 });
  if (url === "/products.html") {
    const products = [
      ["Pen", 2 + pages++],
      ["Desk", 120],
      ["Lamp", 40],
    ];
    const rows = products.map(
      ([name, price]) => `<li class="product"><b class="name">${name}</b> <i class="price">${price} €</i></li>`,
    );
    return answer(200, "text/html; charset=utf-8", `<!doctype html><title>Products</title><ul>${rows.join("\n")}</ul>`);
  }
  return json(404, { error: `nothing at ${url}` });
});

server.on("error", (error) => {
  console.error(`The server cannot start: ${error.message}. Name another port: node practice-server.mjs 8081`);
  process.exitCode = 1;
});
server.listen(Number(process.argv[2] ?? 8080), "127.0.0.1", () => {
  console.log(`Listening at http://127.0.0.1:${server.address().port}; Ctrl-C ends it`);
});
