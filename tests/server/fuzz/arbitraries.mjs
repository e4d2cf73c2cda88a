/** Messages that are nearly right, and such as no client would send. */

import fc from "fast-check";

/** Ids of flows: of those that there are from the start, and of some that messages save and delete. */
const flowId = fc.oneof(
  fc.constantFrom("orders", "hook"),
  fc.integer({ min: 0, max: 9 }).map((number) => `random-${number}`),
);
const executionId = fc.oneof(
  fc.constantFrom("done", "failed", "waiting"),
  fc.integer({ min: 0, max: 9 }).map((number) => `run-${number}`),
);
const nodeId = fc.constantFrom("first", "second", "in", "times");

/** What is text, and yet may be too much for what reads it. */
const hostileText = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: "binary", maxLength: 40 }) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...[
        "",
        "\u0000",
        "\ud800",
        "__proto__",
        "constructor",
        "toString",
        "../../etc/passwd",
        "a/b",
        "%2e%2e",
        "\r\nx: y",
      ],
      ...[
        "${{ secrets.TOKEN }}",
        "${{ [].constructor.constructor('return process')() }}",
        "'; DROP TABLE executions; --",
      ],
    ),
  },
  { weight: 1, arbitrary: fc.constantFrom("x".repeat(5000), "[".repeat(5000), "{{".repeat(3000)) },
);
/** Any value of JSON, with keys that would be dangerous in objects. */
const hostile = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: false },
    fc.oneof(hostileText, fc.constantFrom(null, true, -1, 1.5, 2 ** 60, 1e308, -0)),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom("__proto__", "toJSON", "then", "length"), hostileText), tie("value"), {
      maxKeys: 3,
    }),
  ),
})).value;

/** Mostly what belongs there. */
const mostly = (right) => fc.oneof({ weight: 8, arbitrary: right }, { weight: 1, arbitrary: hostile });

const node = fc.oneof(
  fc.record({
    id: nodeId,
    type: fc.constant("edit-fields"),
    parameters: mostly(fc.record({ values: mostly(fc.object({ maxDepth: 1 })) })),
  }),
  fc.record({
    id: nodeId,
    type: fc.constant("transform"),
    parameters: fc.record({ code: fc.constantFrom("return input", "throw input", "return 1n", "(") }),
  }),
  fc.record({
    id: nodeId,
    type: fc.constant("delay"),
    parameters: fc.record({ duration: mostly(fc.constantFrom(0, 1, "2ms")) }),
  }),
  fc.record({
    id: nodeId,
    type: fc.constantFrom("shell-command", "file-system", "http-request", "webhook", "nothing"),
    parameters: hostile,
  }),
);
const edge = fc.record({ source: mostly(nodeId), target: mostly(nodeId) });
/** A flow, to be saved or to be run. */
const flow = fc.record(
  {
    id: mostly(flowId),
    type: mostly(fc.constant("group")),
    nodes: mostly(fc.array(mostly(node), { maxLength: 4 })),
    edges: mostly(fc.array(mostly(edge), { maxLength: 4 })),
    metadata: mostly(fc.record({ tool: fc.boolean() })),
    variables: mostly(fc.dictionary(hostileText, hostile, { maxKeys: 2 })),
  },
  { requiredKeys: ["id", "type", "nodes"] },
);

const context = fc.record(
  {
    executionId: mostly(executionId),
    variables: mostly(fc.dictionary(hostileText, hostile, { maxKeys: 2 })),
    slowMo: hostile,
  },
  { requiredKeys: [] },
);

/** The argument of a command, whichever it is: keys that are another command's are left where they are not known. */
const args = fc.oneof(
  { weight: 1, arbitrary: hostile },
  { weight: 1, arbitrary: executionId },
  {
    weight: 6,
    arbitrary: fc.record(
      {
        id: mostly(fc.oneof(flowId, executionId)),
        flowId: mostly(flowId),
        executionId: mostly(executionId),
        executionIds: mostly(fc.array(executionId, { maxLength: 2 })),
        nodeId: mostly(nodeId),
        flow: mostly(flow),
        node: mostly(flow),
        context: mostly(context),
        inputs: mostly(fc.dictionary(hostileText, hostile, { maxKeys: 2 })),
        changes: mostly(fc.record({ from: nodeId, flow }, { requiredKeys: [] })),
        filter: mostly(fc.record({ flowId, status: fc.constant("running") }, { requiredKeys: [] })),
        options: mostly(fc.record({ limit: mostly(fc.nat(1000)), cursor: hostileText }, { requiredKeys: [] })),
        a: executionId,
        b: executionId,
        data: hostile,
        answer: hostile,
        value: mostly(hostileText),
        name: mostly(fc.constantFrom("TOKEN", "OTHER")),
        username: mostly(fc.constant("ada")),
        version: mostly(fc.nat(3)),
        ifVersion: mostly(fc.nat(3)),
        from: mostly(fc.nat()),
        to: mostly(fc.nat()),
      },
      { requiredKeys: [] },
    ),
  },
);

/** Executions in the long run: of commands that keep more the more often they are called, only few are sent. */
const SELDOM = new Set(["login", "backfill", "importExecution"]);

/**
 * Messages of the WebSocket as text.
 *
 * @param {[channel: string, command: string][]} commands
 * @param {string[]} keys that sign in
 */
export function socketMessages(commands, keys) {
  const often = commands.filter(([, command]) => !SELDOM.has(command));
  const command = fc.oneof(
    { weight: 200, arbitrary: fc.constantFrom(...often) },
    { weight: 1, arbitrary: fc.constantFrom(...commands) },
  );
  const id = mostly(fc.oneof(fc.nat(), fc.string()));
  const call = fc.tuple(id, mostly(command), args).map(([id, at, given]) => {
    const [channel, command] = Array.isArray(at) ? at : [at, at];
    return { type: "call", id, channel, command, args: given };
  });
  const other = fc.oneof(
    fc.record({ type: fc.constant("auth"), token: fc.oneof(fc.constantFrom(...keys, null), hostile) }),
    fc.record({ type: fc.constant("resume"), session: hostile, seq: hostile }),
    fc.record({ type: fc.constantFrom("ping", "pong", "event", "hello", "response"), id, data: hostile }),
    hostile,
  );
  return spoilt(fc.oneof({ weight: 20, arbitrary: call }, { weight: 2, arbitrary: other }));
}

/** Messages of the Model Context Protocol as text. */
export function protocolMessages() {
  const method = fc.constantFrom(
    ...[
      "tools/call",
      "tools/call",
      "tools/list",
      "resources/read",
      "resources/list",
      "resources/templates/list",
      "initialize",
      "ping",
    ],
    ...["notifications/cancelled", "notifications/initialized", "logging/setLevel", "prompts/list"],
  );
  const uri = fc
    .tuple(mostly(executionId), fc.constantFrom("", "/result", "/trace", "/logs", "/values/first", "/..", "?"))
    .map(([id, rest]) => `conductor://executions/${typeof id === "string" ? id : JSON.stringify(id)}${rest}`);
  const params = fc.record(
    {
      name: mostly(fc.constant("orders")),
      arguments: mostly(fc.record({ text: hostile })),
      uri: mostly(uri),
      cursor: hostile,
      requestId: hostile,
      _meta: hostile,
    },
    { requiredKeys: [] },
  );
  const message = fc.record(
    {
      jsonrpc: mostly(fc.constant("2.0")),
      id: mostly(fc.oneof(fc.nat(), fc.string())),
      method: mostly(method),
      params: mostly(params),
    },
    { requiredKeys: ["jsonrpc", "method"] },
  );
  return spoilt(
    fc.oneof({ weight: 9, arbitrary: message }, { weight: 1, arbitrary: fc.array(message, { maxLength: 4 }) }),
  );
}

/** Requests for the stream of events. */
export function streamRequests() {
  const inHeader = hostileText.map((text) => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, "?"));
  const last = fc.oneof(
    inHeader,
    fc.tuple(fc.uuid(), fc.nat()).map(([session, seq]) => `${session}:${seq}`),
  );
  const query = fc.oneof(
    fc.constant(""),
    mostly(executionId).map(
      (id) => `?executionId=${encodeURIComponent(JSON.stringify(id).replace(/\\ud[89a-f]../g, "?"))}`,
    ),
    inHeader.map((text) => `?${encodeURI(text.replace(/[^\x20-\x7e]/g, ""))}`),
  );
  return fc.record({ last, query, staysOpen: fc.boolean() });
}

/** Calls of a bridge: what a structured clone can hold is more than JSON. */
export function bridgeCalls(commands) {
  const odd = fc.oneof(
    hostile,
    fc.constantFrom(
      new Map([["a", new Map()]]),
      new Set([1]),
      new Date(Number.NaN),
      2n ** 70n,
      /x/g,
      new Error("x"),
      undefined,
      Number.NaN,
    ),
    fc.uint8Array({ maxLength: 50 }),
  );
  const given = fc.oneof({ weight: 4, arbitrary: args }, { weight: 1, arbitrary: odd });
  const known = fc.constantFrom(...commands).map(([channel, command]) => [`${channel}:call`, command]);
  return fc.oneof(
    { weight: 9, arbitrary: fc.tuple(known, given).map(([at, value]) => [...at, value]) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.constantFrom("conductor:execute", "channels:list", "node:call", "nothing"), odd, odd),
    },
  );
}

/** Some of these as text that was cut off, or with a character that does not belong there. */
function spoilt(message) {
  const at = fc.double({ min: 0, max: 1, noNaN: true });
  return fc.tuple(message, fc.nat(99), at).map(([value, luck, share]) => {
    const text = JSON.stringify(value) ?? "";
    const place = Math.floor(text.length * share);
    if (luck === 0) return text.slice(0, place);
    return luck === 1 ? `${text.slice(0, place)}\u0007${text.slice(place)}` : text;
  });
}
