/**
 * The main process of an application, with one window whose page is another process. Asked once: `{ nodes, warmUp,
 * rounds }`; answers `{ samples: { raw, conductor, bytes } }` or `{ error }`.
 */
import { fork } from "node:child_process";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { serialize } from "node:v8";
import { createConductor, setupMainProcessHandler } from "@atomiton/conductor/desktop";
import { buildFlow } from "../flows.mjs";

const PAGE = fileURLToPath(new URL("page.mjs", import.meta.url));

/** `ipcMain` as far as it is used, over the link to the page. */
function createLink(page) {
  const handlers = new Map();
  const messages = new EventEmitter();
  const event = { senderFrame: { url: "file:///index.html", origin: "file://", parent: null } };
  let pong;
  page.on("message", async ({ kind, seq, channel, args }) => {
    if (kind === "ping") page.send({ kind: "answer", seq, value: pong });
    else if (kind === "invoke") page.send({ kind: "answer", seq, value: await handlers.get(channel)(event, ...args) });
  });
  return {
    handle: (channel, handler) => handlers.set(channel, handler),
    removeHandler: (channel) => handlers.delete(channel),
    on: (channel, listener) => messages.on(channel, listener),
    removeListener: (channel, listener) => messages.removeListener(channel, listener),
    /** What the raw exchange answers from now on. */
    answerPingsWith: (value) => {
      pong = value;
    },
    call: (channel, ...args) => handlers.get(channel)(event, ...args),
  };
}

async function measure({ nodes, warmUp, rounds }) {
  const page = fork(PAGE, [], { serialization: "advanced", execArgv: process.execArgv });
  const link = createLink(page);
  const executable = { execute: async () => 1 };
  const conductor = createConductor({ nodeExecutorFactory: { getNodeExecutable: () => executable } });
  const handler = setupMainProcessHandler({ conductor, ipcMain: link });
  const webContents = {
    mainFrame: { url: "file:///index.html", origin: "file://", parent: null },
    isDestroyed: () => false,
    send: (channel, ...args) => page.send({ kind: "event", channel, args }),
  };
  handler.trackWindow({ webContents, isDestroyed: () => false });
  try {
    const request = {
      node: buildFlow({ shape: "chain", size: nodes }),
      context: { executionId: "exec_measured", variables: {}, input: {} },
    };
    // Both exchanges carry the very same: what the conductor answers to this request.
    const answer = await link.call("node:call", "execute", request);
    if (answer.result?.success !== true) throw new Error(`The flow failed: ${JSON.stringify(answer)}`);
    const pong = structuredClone(answer);
    link.answerPingsWith(pong);
    page.send({ kind: "measure", request, warmUp, rounds });
    const [{ samples }] = await heard(page, "measured");
    return { ...samples, bytes: { request: serialize(request).length, answer: serialize(pong).length } };
  } finally {
    await handler.cleanup();
    page.kill();
  }

  function heard(child, kind) {
    return new Promise((resolve, reject) => {
      child.on("message", (message) => message.kind === kind && resolve([message]));
      child.on("exit", (code) => reject(new Error(`The page ended with code ${code}`)));
    });
  }
}

process.once("message", async (work) => {
  try {
    process.send({ samples: await measure(work) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit());
