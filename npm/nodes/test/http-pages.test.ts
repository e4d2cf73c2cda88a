import type { IncomingMessage } from "node:http";
import { beforeEach, describe, expect, it } from "vitest";

import { networkAccess } from "../src/contract/network-access.js";
import { linkOf } from "../src/library/link-header.js";
import { bodyOf, httpServer, json } from "./http-server.js";
import { places } from "./run.js";
import { warned } from "./warned.js";

const ALL = Array.from({ length: 7 }, (_, n) => ({ id: n + 1 }));
let asked: { path: string; authorization: string | undefined; body: string }[] = [];
let failures = 0;
/** Called with each request. */
let seen = (): void => {};

const note = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const body = (await bodyOf(request)).toString();
  asked.push({ path: request.url ?? "", authorization: request.headers.authorization, body });
  seen();
  return body.startsWith("{") ? (JSON.parse(body) as Record<string, unknown>) : {};
};
const server = httpServer(async (request, response, url) => {
  const body = await note(request);
  const query = url.searchParams;
  const from = Number(query.get("from") ?? 0);
  const items = ALL.slice(from, from + 3);
  const more = from + 3 < ALL.length;
  switch (url.pathname) {
    case "/link":
      return json(
        response,
        items,
        more ? { link: `</other>; rel=prev, </link?from=${from + 3}>; rel="next last"` } : {},
      );
    case "/next":
      return json(response, { data: items, paging: { next: more ? `${server.base}/next?from=${from + 3}` : null } });
    case "/cursor": {
      const { after = query.get("after") ?? 0 } = (body["page"] ?? {}) as { after?: number };
      const end = Number(after) + 3;
      return json(response, { data: ALL.slice(Number(after), end), ...(end < ALL.length && { meta: { next: end } }) });
    }
    case "/page": {
      const size = 3 * (Number(query.get("page")) - 1);
      return json(response, { data: ALL.slice(size, size + 3), count: 7, pages: "3" });
    }
    case "/offset":
      return json(response, { data: ALL.slice(Number(query.get("offset"))).slice(0, 3), count: 7 });
    case "/same":
      return json(response, { data: ALL, count: 100 });
    case "/circle":
      return json(response, { data: ALL, next: "x" });
    case "/away":
      return json(response, { data: ALL, next: `${server.base.replace("127.0.0.1", "localhost")}/here?key=s3cret` });
    case "/here":
      return json(response, { data: [] });
    case "/flaky":
      if (failures-- > 0) return void response.writeHead(503).end("busy");
      return json(response, items, more ? { link: `</flaky?from=${from + 3}>; rel=next` } : {});
    case "/text":
      return void response.writeHead(200, { "content-type": "text/plain" }).end("no list");
    default:
      return void response.writeHead(404).end("no such page");
  }
});

beforeEach(() => {
  asked = [];
  failures = 0;
  seen = () => {};
});

describe.each(places)("pages in $name", ({ name, run, failure }) => {
  const parameters = (path: string, pagination: object, more: object = {}) => ({
    url: server.base + path,
    pagination: { retryDelay: 0, ...pagination },
    ...more,
  });
  const gather = (path: string, pagination: object, more?: object) =>
    run("http-request", {}, parameters(path, pagination, more));
  const refusal = (path: string, pagination: object, more?: object) =>
    failure("http-request", {}, parameters(path, pagination, more));

  it.each([
    ["/link", { type: "link" }, 3],
    ["/next", { type: "nextUrl", items: "data", next: "paging.next" }, 3],
    ["/cursor", { type: "cursor", items: "data", cursor: "meta.next", param: "after" }, 3],
    ["/page", { type: "page", items: "data" }, 4],
    ["/page", { type: "page", items: "data", total: "count" }, 3],
    ["/page", { type: "page", items: "data", totalPages: "pages" }, 3],
    ["/offset", { type: "offset", items: "data" }, 4],
    ["/offset", { type: "offset", items: "data", total: "count", step: 3 }, 3],
  ])("of %s by %j are gathered", async (path, pagination, pages) => {
    const output = await gather(path, pagination);
    expect(output).toMatchObject({ result: ALL, count: 7, pages, more: false, status: 200, ok: true });
    expect(asked).toHaveLength(pages);
    expect(await warned(run, "http-request", {}, parameters(path, pagination))).toEqual([]);
  });

  it("are asked for by a value in the body", async () => {
    const pagination = { type: "cursor", items: "data", cursor: "meta.next", param: "page.after", in: "body" };
    const body = { q: "x", page: { size: 3 } };
    expect((await gather("/cursor", pagination, { method: "POST", body })).count).toBe(7);
    expect(asked.map(({ body }) => body)).toEqual([
      '{"q":"x","page":{"size":3}}',
      '{"q":"x","page":{"size":3,"after":3}}',
      '{"q":"x","page":{"size":3,"after":6}}',
    ]);
    expect((await refusal("/cursor", pagination)).message).toContain("needs a method with a body");
  });

  it("are bounded, and that there are more is warned of", async () => {
    const pagination = { type: "link", maxPages: 2 };
    expect(await gather("/link", pagination)).toMatchObject({ count: 6, pages: 2, more: true });
    const [[rule, message] = []] = await warned(run, "http-request", {}, parameters("/link", pagination));
    expect(rule).toBe("more-pages");
    expect(message).toContain("`pagination.maxPages` is 2, and there are more pages");
    expect((await refusal("/link", { type: "link" }, { maxSize: 40 })).message).toContain(
      "Page 2: The answer is larger than 40 bytes",
    );
  });

  it.each([
    ["/circle", { type: "cursor", items: "data", cursor: "next" }, "EXECUTION_FAILED", "pages go in a circle"],
    ["/same", { type: "page", items: "data" }, "EXECUTION_FAILED", "Page 2: It has the same items as the page before"],
    [
      "/next",
      { type: "nextUrl", items: "dat", next: "paging.next" },
      "TYPE_MISMATCH",
      "Page 1: `pagination.items` is `dat`, which is not there: the body has `data`",
    ],
    [
      "/next",
      { type: "nextUrl", next: "paging.next" },
      "TYPE_MISMATCH",
      "found an object; name the list with `pagination.items`",
    ],
    [
      "/next",
      { type: "nextUrl", items: "paging", next: "a" },
      "TYPE_MISMATCH",
      "`paging` must be the list of items of a page, found an object",
    ],
    ["/text", { type: "link" }, "TYPE_MISMATCH", "found text"],
    [
      "/page",
      { type: "page", items: "data", total: "cuont" },
      "TYPE_MISMATCH",
      "`cuont` is not there: the body has `count`",
    ],
    ["/missing", { type: "link" }, "EXECUTION_FAILED", "Page 1: 404 Not Found"],
    ["/link", { type: "link", cursor: "x" }, "INVALID_PARAMETERS", '`pagination` of type "link" may have type, items'],
    ["/link", { type: "cursor" }, "INVALID_PARAMETERS", "needs `cursor`"],
    ["/link", { type: "pages" }, "INVALID_PARAMETERS", "`pagination.type` must be one of"],
    ["/page?page=3", { type: "page", items: "data" }, "INVALID_PARAMETERS", 'The query has "page"'],
  ])("of %s by %j fail: %s", async (path, pagination, code, message) => {
    const failed = await refusal(path, pagination);
    expect(failed.message).toContain(message);
    expect(failed.code).toBe(code);
  });

  it("that fail are asked for again, with the wait as it is written", async () => {
    failures = 2;
    expect(await gather("/flaky", { type: "link", retryDelay: "1ms", delay: "1ms" })).toMatchObject({ count: 7 });
    expect(asked).toHaveLength(5);
    failures = 3;
    expect((await refusal("/flaky", { type: "link" })).message).toContain("Page 1: 503 Service Unavailable");
  });

  it("at another origin are asked for without credentials", async () => {
    const pagination = { type: "nextUrl", items: "data", next: "next" };
    for (const auth of [
      { type: "bearer", token: "s3cret" },
      { type: "apiKey", in: "query", name: "key", value: "s3cret" },
    ]) {
      asked = [];
      const rules = await warned(run, "http-request", {}, parameters("/away", pagination, { auth }));
      expect(rules.map(([rule]) => rule)).toEqual(["other-origin"]);
      expect(asked[1]?.authorization).toBeUndefined();
      expect(asked[1]?.path).toBe(auth.in === "query" ? "/here" : "/here?key=s3cret");
    }
  });

  it("are doubted where only the name of the next one may be wrong", async () => {
    const pagination = { type: "nextUrl", items: "data", next: "paging.nxt" };
    const [[rule, message] = []] = await warned(run, "http-request", {}, parameters("/next", pagination));
    expect(rule).toBe("no-next-page");
    expect(message).toContain("`paging` has `next`");
    // At the top, where nothing is called almost so, what a page has to lead on tells of it.
    const other = { type: "cursor", items: "data", cursor: "page_token" };
    const [[, words] = []] = await warned(run, "http-request", {}, parameters("/next", other));
    expect(words).toContain("the body has `data`, `paging`; `paging.next` may lead on");
  });

  it("end with the node, also while they wait", async () => {
    const abort = new AbortController();
    seen = () => setImmediate(() => abort.abort());
    expect((await refusal("/link", { type: "link", delay: "1h" }, { signal: abort.signal })).code).toBe("CANCELLED");
    seen = () => {};
    expect((await refusal("/link", { type: "link", delay: "1h" }, { timeout: 300 })).code).toBe("TIMEOUT");
  });

  if (name === "a machine") {
    it("are each kept to where the owner lets nodes connect", async () => {
      const access = { [networkAccess]: { hosts: ["127.0.0.1"] } };
      const refused = await refusal("/away", { type: "nextUrl", items: "data", next: "next" }, access);
      expect(refused.message).toContain("Page 2: Connections to localhost are not allowed here");
      expect(asked).toHaveLength(1);
    });
  }
});

describe("the header `link`", () => {
  it.each([
    [null, undefined],
    ["", undefined],
    ['<a>; rel="next"', "a"],
    ["<a>;rel=next", "a"],
    ['<a>; rel="prev", <b>; title="x, <c>; rel=next"; rel=NEXT', "b"],
    ['<a,b;c>; rel="last next"', "a,b;c"],
    ['<a>; rel="next"; anchor="#x", <b>; rel=next', "b"],
    ["<a; rel=next", undefined],
    ["<a>; rel=nextpage", undefined],
    [`${"<a>;".repeat(4000)}`, undefined],
    [`<a>; x="${"\\\\".repeat(8000)}`, undefined],
  ])("%s leads to %s", (header, target) => {
    expect(linkOf(header, "next")).toBe(target);
  });
});
