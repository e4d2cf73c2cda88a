// Node types that do what code which broke out would do: they are loaded by the process of an isolated execution.
import { spawn } from "node:child_process";
import { readFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { z } from "zod";

import { type } from "./type.mjs";

export const look = type("look", () => ({
  environment: { ...process.env },
  arguments: process.execArgv,
  pid: process.pid,
  parent: process.ppid,
}));

/** Tells its pid, and never comes back. */
export const spin = type("spin", ({ progress }) => {
  progress(1, String(process.pid));
  for (;;);
});

export const hog = type("hog", async () => {
  const held = [];
  for (;;) {
    held.push(Buffer.alloc(16 * 1024 * 1024, 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
});

export const heap = type("heap", () => {
  const held = [];
  for (;;) held.push({ text: `${held.length}` });
});

export const long = type("long", () => "x".repeat(200 * 1024 * 1024));

export const die = type("die", () => {
  process.kill(process.pid, "SIGKILL");
  return new Promise(() => {});
});

export const stray = type("stray", async () => {
  void Promise.reject(new Error("left behind"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  return "went on";
});

export const dial = type(
  "dial",
  ({ parameters: { port } }) =>
    new Promise((resolve, reject) => {
      const socket = connect(port, "127.0.0.1", () => resolve("connected"));
      socket.on("error", reject);
    }),
  z.object({ port: z.number() }),
);

/** Speaks to the server in the place of what belongs there. */
export const forge = type(
  "forge",
  async ({ parameters: { bytes } }) => {
    writeSync(3, Buffer.from(bytes, "base64"));
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  },
  z.object({ bytes: z.string() }),
);

let count = 0;
export const remember = type("remember", () => ++count);

/** Tells its pid, and goes on until it is stopped. */
export const wait = type(
  "wait",
  ({ progress, signal }) =>
    new Promise((_, reject) => {
      progress(40, String(process.pid));
      signal.addEventListener("abort", () => reject(signal.reason));
    }),
);

export const child = type("child", async ({ progress }) => {
  const started = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  progress(10, String(started.pid));
  for (;;) await new Promise((resolve) => setTimeout(resolve, 1000));
});

export const change = type("change", ({ variables }) => {
  variables.count = (variables.count ?? 0) + 1;
  return variables.count;
});

export const oneself = type("oneself", () => ({ environment: readFileSync("/proc/self/environ", "utf8") }));
