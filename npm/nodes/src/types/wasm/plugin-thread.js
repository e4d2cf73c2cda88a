/* Runs in a thread of Node. See `plugin.ts`. */
import { callPlugin } from "./call.js";

const { parentPort, receiveMessageOnPort, workerData } = require("node:worker_threads");
const { extism, http, flag } = workerData;

/** The main thread is asked, while this one waits as the plugin does. */
function send(request) {
  http.postMessage(request);
  Atomics.wait(flag, 0, 0);
  Atomics.store(flag, 0, 0);
  return receiveMessageOnPort(http).message;
}

callPlugin(
  workerData,
  () => require(extism),
  (message) => parentPort.postMessage(message),
  send,
);
