/** One page after the other. */
import { throwIfAborted } from "../../contract/abort.js";
import { adviceOf, codeOf, messageOf, NodeError, retryOf } from "../../contract/error.js";
import { foundText } from "../../contract/issues.js";
import { AnswerBudget, answerOf, LARGEST_ANSWER } from "../../library/http-answer.js";
import { deadlineOf } from "../../library/http-client.js";
import { harmlessHeaders } from "../../library/http-redirects.js";
import { reports } from "../../library/reports.js";
import { wait } from "../../library/wait.js";
import type { NodeWork } from "../../library/work.js";
import type { Network } from "./network.js";
import { doubtOf, itemsOf, type Next, nextOf, numberAt, type Page } from "./page-content.js";
import { checkQuery, type Pagination } from "./pagination.js";
import { type Parameters, type PreparedRequest, requestOf } from "./request.js";
import { type Answered, sendRequest } from "./send.js";

/** What pages gave. */
export interface Gathered {
  items: unknown[];
  pages: number;
  /** Whether there may be pages that were not asked for. */
  more: boolean;
  /** The last answer. */
  response: Response;
  /** The request for it. */
  request: PreparedRequest;
}

/** Asks for page after page, and gathers their items. */
export class PageReader {
  readonly #work: NodeWork<Parameters>;
  readonly #network: Network;
  readonly #pagination: Pagination;
  readonly #budget: AnswerBudget;
  readonly #fails: (response: Response, request: PreparedRequest, secret: string | undefined) => Promise<void>;
  readonly #limits;
  readonly #seen = new Set<string>();
  #request: PreparedRequest;

  /**
   * @param request the request without anything that names a page
   * @param fails fails with what an error status stands for
   */
  constructor(
    work: NodeWork<Parameters>,
    network: Network,
    request: PreparedRequest,
    pagination: Pagination,
    fails: (response: Response, request: PreparedRequest, secret: string | undefined) => Promise<void>,
  ) {
    const { signal, explicitTimeout, access, traceHeaders } = work;
    this.#work = work;
    this.#network = network;
    this.#pagination = pagination;
    this.#fails = fails;
    this.#request = request;
    this.#budget = new AnswerBudget(work.parameters.maxSize ?? LARGEST_ANSWER);
    // One time limit for all pages.
    this.#limits = { signal, explicitTimeout, access, traceHeaders, deadline: deadlineOf(work) };
    if (request.method === "HEAD") {
      throw new NodeError(
        "INVALID_PARAMETERS",
        "The answer to a HEAD has no body, so that `pagination` finds no items",
      );
    }
    checkQuery(pagination, request.url);
  }

  /**
   * @throws NodeError TYPE_MISMATCH (no items, or nothing useful where the next page is named), EXECUTION_FAILED (an error status,
   *   pages in a circle, more bytes than allowed), DESERIALIZATION_FAILED, TIMEOUT or CANCELLED
   */
  async gather(): Promise<Gathered> {
    const { maxPages, delay } = this.#pagination;
    const report = this.#work.progress && reports(this.#work.progress);
    const items: unknown[] = [];
    let at = this.#pagination.start;
    let before: Page | undefined;
    await this.#begin();
    for (let pages = 1; ; pages++) {
      const found = await this.#page(pages, before);
      const { page, answered } = found;
      for (const item of page.items) items.push(item);
      const next = this.#inPage(pages, () => nextOf(this.#pagination, page, { pages, count: items.length, at }));
      report?.(this.#percent(page, items.length), () => `${pages} pages, ${items.length} items`);
      const end = { items, pages, response: answered.response, request: this.#request };
      if (next === undefined) {
        this.#warnOfEnd(page, pages, items.length);
        return { ...end, more: false };
      }
      if (pages === maxPages) {
        const words = `\`pagination.maxPages\` is ${maxPages}, and ${this.#isSure(page) ? "there are" : "there may be"} more pages`;
        this.#work.warn(
          "more-pages",
          `${words}; the ${items.length} items of the first ${pages} are all that was asked for`,
        );
        return { ...end, more: true };
      }
      if ("value" in next && typeof next.value === "number") at = next.value;
      await this.#follow(next, answered.response, pages);
      before = page;
      await this.#pause(delay);
    }
  }

  /** The first request: one by number says where it begins. */
  async #begin(): Promise<void> {
    const { type, start } = this.#pagination;
    if (type === "page" || type === "offset") await this.#place(start);
    this.#seen.add(this.#request.url.href);
  }

  async #page(pages: number, before: Page | undefined): Promise<{ page: Page; answered: Answered<unknown> }> {
    const { retries, retryDelay, items: path } = this.#pagination;
    const used = this.#budget.used;
    for (let tries = 0; ; tries++) {
      throwIfAborted(this.#work.signal);
      try {
        const request = this.#request;
        const answered = await sendRequest(this.#limits, this.#network, request, async (response, secret) => {
          await this.#fails(response, request, secret);
          const warn = (rule: string, message: string) => this.#work.warn(rule, message);
          return answerOf(response, warn, this.#budget, { method: request.method, secret });
        });
        const page = { response: answered.response, body: answered.value, items: itemsOf(answered.value, path) };
        if (before !== undefined) this.#refuseSame(page, before);
        return { page, answered };
      } catch (error) {
        const asked = retryOf(error);
        if (codeOf(error) !== "EXECUTION_FAILED" || asked === false || tries >= retries) throw inPage(pages, error);
        this.#budget.used = used;
        await this.#pause(Math.max(asked ?? 0, retryDelay * 2 ** tries));
      }
    }
  }

  /** A server that does not know the parameter gives the first page for ever. */
  #refuseSame({ items }: Page, before: Page): void {
    const { type, param } = this.#pagination;
    if ((type !== "page" && type !== "offset") || items.length === 0 || items.length !== before.items.length) return;
    if (textOf(items[0]) !== textOf(before.items[0]) || textOf(items) !== textOf(before.items)) return;
    throw new NodeError(
      "EXECUTION_FAILED",
      `It has the same items as the page before: the server may not know \`${param}\``,
      {
        advice: ["Correct `pagination.param` to the name that the server knows."],
        retry: false,
      },
    );
  }

  async #follow(next: Next, response: Response, pages: number): Promise<void> {
    const key = "href" in next ? this.#address(next.href, response).href : JSON.stringify(next.value);
    if (this.#seen.has(key)) {
      const what = "href" in next ? "an address" : `the cursor ${foundText(next.value)}, one`;
      throw new NodeError(
        "EXECUTION_FAILED",
        `Page ${pages} leads to ${what} that was there before: pages go in a circle`,
        {
          advice: ["Check the paths of `pagination`, or tell those who run the server."],
          retry: false,
        },
      );
    }
    this.#seen.add(key);
    if ("value" in next) await this.#place(next.value);
    else this.#goTo(this.#address(next.href, response));
  }

  /** Puts a cursor, page number or offset into the request. */
  async #place(value: string | number): Promise<void> {
    const { in: where, param } = this.#pagination;
    if (where === "body") {
      this.#request = await requestOf(this.#work, this.#network, { param, value });
      return;
    }
    const url = new URL(this.#request.url);
    url.searchParams.set(param, String(value));
    this.#request = { ...this.#request, url };
  }

  #address(href: string, response: Response): URL {
    const base = response.url || this.#request.url.href;
    const url = URL.canParse(href, base) ? new URL(href, base) : undefined;
    const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
    if (url !== undefined && isHttp && url.username === "" && url.password === "") return url;
    throw new NodeError(
      "TYPE_MISMATCH",
      "What leads to the next page is no address with http or https, or has a password",
      {
        retry: false,
      },
    );
  }

  /** The rule of redirects: another origin gets nothing that says who asks. */
  #goTo(url: URL): void {
    const { headers, client, secretName, ...request } = this.#request;
    if (url.origin === request.url.origin) {
      if (secretName !== undefined) url.searchParams.set(secretName, request.url.searchParams.get(secretName) ?? "");
      this.#request = { ...this.#request, url };
      return;
    }
    const harmless = harmlessHeaders(headers);
    const isLess = [...harmless].length < [...headers].length || client !== undefined || secretName !== undefined;
    if (isLess) {
      this.#work.warn(
        "other-origin",
        `The next page is at ${url.origin}, another origin than ${request.url.origin}: it is asked for without credentials`,
      );
    }
    if (secretName !== undefined) url.searchParams.delete(secretName);
    this.#request = { ...request, url, headers: harmless };
  }

  #warnOfEnd(page: Page, pages: number, count: number): void {
    const { type, total, start } = this.#pagination;
    const doubt = pages === 1 && page.items.length > 0 ? doubtOf(this.#pagination, page) : undefined;
    if (doubt !== undefined) this.#work.warn("no-next-page", doubt);
    if (type === "link" && pages === 1 && !this.#network.seesRedirects && !page.response.headers.has("link")) {
      this.#work.warn(
        "no-next-page",
        "The page cannot see a header `link`; the server must expose it to other origins",
      );
    }
    if (total === undefined || page.items.length > 0) return;
    const all = numberAt(page.body, total);
    const isAll = type === "offset" ? start + count >= all : start > 1 || count >= all;
    if (!isAll)
      this.#work.warn("missing-items", `Page ${pages} is empty: ${count} items came, and \`${total}\` says ${all}`);
  }

  /** Whether a next page is there for sure; of numbers without a total nothing is known. */
  #isSure({ items }: Page): boolean {
    const { type, total, totalPages } = this.#pagination;
    return items.length > 0 && ((type !== "page" && type !== "offset") || (total ?? totalPages) !== undefined);
  }

  #percent({ body }: Page, count: number): number {
    const { total } = this.#pagination;
    return total === undefined ? 0 : Math.min((100 * count) / Math.max(numberAt(body, total), 1), 100);
  }

  #inPage<T>(pages: number, work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw inPage(pages, error);
    }
  }

  /** @throws NodeError TIMEOUT or CANCELLED */
  async #pause(ms: number): Promise<void> {
    const { signal, deadline } = this.#limits;
    const signals = [signal, deadline?.signal].filter((each) => each !== undefined);
    try {
      await wait(ms, AbortSignal.any(signals));
    } catch (error) {
      throwIfAborted(signal);
      if (!deadline?.signal.aborted) throw error;
      throw new NodeError("TIMEOUT", `The pages were given up after ${deadline.limit} ms`, { cause: error });
    }
  }
}

/** An error with the number of the page in front. */
function inPage(pages: number, error: unknown): unknown {
  const code = codeOf(error);
  if (!(error instanceof NodeError) || code === "TIMEOUT" || code === "CANCELLED") return error;
  return new NodeError(code, `Page ${pages}: ${messageOf(error)}`, {
    cause: error,
    advice: adviceOf(error),
    retry: retryOf(error),
  });
}

/** A parsed value as JSON text; for one that is too deep, a symbol that equals nothing else. */
function textOf(value: unknown): unknown {
  try {
    return JSON.stringify(value);
  } catch {
    return Symbol("too deep");
  }
}
