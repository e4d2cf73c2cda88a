/** One picture of a replay for a terminal, and what keys do to it. */
import { messageOf } from "@atomiton/values";

import type { Replay, ReplayMoment } from "../types/replay.js";
import pc from "./colour.js";
import { jsonText } from "./json.js";
import { headText, nodeLine } from "./replay-nodes.js";
import { bar, fitted, oneLine } from "./text.js";

/** A replay as it is looked at. */
export interface Screen {
  replay: Replay;
  /** The node under the cursor, by its place in the list. */
  cursor: number;
  /** The digits of a step that is being typed; missing where none is. */
  typed?: string;
  isOver?: boolean;
}

/** A key, as Node's readline names it. */
export interface Key {
  name?: string | undefined;
  sequence?: string | undefined;
  ctrl?: boolean | undefined;
}

const HELP = "← → step   ↑ ↓ node   page ±10   home end   g N go to   q quit";
/** Lines that are neither nodes nor values: title, step, bar, an empty one, the head of the value, help. */
const OTHER_LINES = 6;
const LARGE_STEP = 10;

/** What a key does. A step puts the cursor on the first node that it changed. */
export function pressed(screen: Screen, { name, sequence, ctrl }: Key): Screen {
  const { replay, cursor, typed, ...rest } = screen;
  const { step, nodes } = replay.moment;
  const same = { ...rest, replay, cursor };
  if (ctrl && name === "c") return { ...same, isOver: true };
  if (typed !== undefined) {
    if (name === "return" || name === "enter") return typed === "" ? same : moved(same, Number(typed));
    if (name === "backspace") return { ...same, typed: typed.slice(0, -1) };
    if (/^\d$/.test(sequence ?? "")) return { ...same, typed: `${typed}${sequence}`.slice(0, 15) };
    return same;
  }
  switch (name) {
    case "right":
    case "n":
      return moved(same, step + 1);
    case "left":
    case "p":
      return moved(same, step - 1);
    case "pagedown":
      return moved(same, step + LARGE_STEP);
    case "pageup":
      return moved(same, step - LARGE_STEP);
    case "home":
      return moved(same, 0);
    case "end":
      return moved(same, replay.length);
    case "up":
    case "k":
      return { ...same, cursor: Math.max(cursor - 1, 0) };
    case "down":
    case "j":
      return { ...same, cursor: Math.min(cursor + 1, nodes.length - 1) };
    case "g":
      return { ...same, typed: "" };
    case "q":
    case "escape":
      return { ...same, isOver: true };
    default:
      return same;
  }
}

function moved(screen: Screen, step: number): Screen {
  const { replay } = screen;
  const moment = replay.at(Math.min(Math.max(step, 0), replay.length));
  const { changed } = moment;
  // Groups change with the nodes inside them.
  const deepest = changed.find((path) => !changed.some((other) => other.startsWith(`${path}/`)));
  const cursor = deepest === undefined ? -1 : moment.nodes.findIndex(({ path }) => path === deepest);
  return cursor < 0 ? screen : { ...screen, cursor };
}

/** The lines, as many as the terminal has, none wider than it. */
export function picture(
  { replay, cursor, typed }: Screen,
  { columns, rows }: { columns: number; rows: number },
): string[] {
  const { moment } = replay;
  const room = Math.max(rows - OTHER_LINES, 2);
  const forNodes = Math.min(moment.nodes.length, Math.max(Math.ceil(room * 0.6), 1));
  const first = Math.min(Math.max(cursor - Math.floor(forNodes / 2), 0), moment.nodes.length - forNodes);
  const changed = new Set(moment.changed);
  const nodes = moment.nodes.slice(first, first + forNodes).map((node, index) => {
    const mark = first + index === cursor ? pc.bold("›") : changed.has(node.path) ? pc.yellow("•") : " ";
    return `${mark} ${nodeLine(moment, node, columns - 2)}`;
  });
  const at = moment.nodes[cursor];
  const values = at === undefined ? [] : valueLines(moment, at.path);
  const head = at === undefined ? "" : `${at.path === at.id ? oneLine(at.id) : oneLine(at.path)}: ${at.state}`;
  const shown = values.slice(0, room - forNodes);
  if (shown.length < values.length) shown[shown.length - 1] = `… ${values.length - shown.length + 1} more lines`;
  const help = typed === undefined ? HELP : `go to step (0–${replay.length}): ${typed}▏`;
  const lines = [
    pc.bold(
      fitted(
        `${oneLine(replay.flow.name || replay.flow.id)}   ${oneLine(replay.executionId)}   ${replay.status}`,
        columns,
      ),
    ),
    fitted(headText(replay, moment), columns),
    stepBar(replay, columns),
    ...nodes,
    pc.bold(fitted(`── ${head}`, columns)),
    ...shown.map((line) => fitted(line, columns)),
  ];
  while (lines.length < rows - 1) lines.push("");
  return [...lines.slice(0, rows - 1), pc.dim(fitted(help, columns))];
}

function stepBar({ length, moment }: Replay, columns: number): string {
  const { full, rest } = bar(length === 0 ? 0 : moment.step / length, columns);
  return `${pc.cyan(full)}${pc.dim(rest)}`;
}

/** The error of a node that failed, else its output. */
function valueLines(moment: ReplayMoment, path: string): string[] {
  try {
    const error = moment.error(path);
    if (error !== undefined) return [`${error.code}: ${oneLine(error.message)}`];
    const value = moment.value(path);
    if (value === undefined) return ["(no output at this step)"];
    // The structure is in the lines; what a value says must not steer the terminal.
    return jsonText(value, 2)
      .split("\n")
      .map((line) => `${" ".repeat(line.length - line.trimStart().length)}${oneLine(line)}`);
  } catch (error) {
    return [oneLine(messageOf(error))];
  }
}
