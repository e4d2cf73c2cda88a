/** A replay on a terminal: keys in, pictures out. */
import { emitKeypressEvents } from "node:readline";

import type { Replay } from "../types/replay.js";
import { type Key, picture, pressed, type Screen } from "./replay-screen.js";

/** Of terminals that do not tell. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

const ENTER = "\u001b[?1049h\u001b[?25l";
const LEAVE = "\u001b[?25h\u001b[?1049l";

/** Lets a person step through a replay until they quit. The terminal is as it was afterwards. */
export function stepThrough(replay: Replay): Promise<void> {
  const { stdin, stdout } = process;
  let screen: Screen = { replay, cursor: 0 };
  const draw = () => {
    const size = { columns: stdout.columns || DEFAULT_SIZE.columns, rows: stdout.rows || DEFAULT_SIZE.rows };
    const lines = picture(screen, size).map((line) => `${line}\u001b[K`);
    stdout.write(`\u001b[H${lines.join("\r\n")}\u001b[J`);
  };
  return new Promise((resolve) => {
    const restore = () => void stdout.write(LEAVE);
    const end = () => {
      stdin.off("keypress", onKey);
      stdout.off("resize", draw);
      process.off("exit", restore);
      for (const signal of ["SIGTERM", "SIGHUP"] as const) process.off(signal, end);
      stdin.setRawMode(false);
      stdin.pause();
      restore();
      resolve();
    };
    const onKey = (_: string | undefined, key: Key) => {
      screen = pressed(screen, key);
      if (screen.isOver) end();
      else draw();
    };
    emitKeypressEvents(stdin);
    stdin.setRawMode(true);
    stdin.resume();
    stdin.on("keypress", onKey);
    stdout.on("resize", draw);
    // However else the process ends.
    process.once("exit", restore);
    for (const signal of ["SIGTERM", "SIGHUP"] as const) process.once(signal, end);
    stdout.write(ENTER);
    draw();
  });
}
