/** A run on a terminal, redrawn in place. */
import { createLogUpdate } from "log-update";
import type { ExecutionGraphState } from "../types/graph.js";
import type { Display, Output } from "./display.js";
import { frame } from "./frame.js";

/** Least time between two pictures. */
const REDRAW_MS = 100;
/** Of terminals that do not tell. */
const DEFAULT_SIZE = { columns: 80, rows: 24 };

/** Draws the run at most ten times a second; the last picture stays. */
export function liveDisplay(output: Output, title: string): Display {
  const update = createLogUpdate(output as NodeJS.WriteStream);
  const notes: string[] = [];
  let latest: ExecutionGraphState | undefined;

  const draw = () => {
    if (latest === undefined || isSuspended) return;
    const columns = output.columns || DEFAULT_SIZE.columns;
    const rows = (output.rows || DEFAULT_SIZE.rows) - notes.length;
    update([frame(latest, { title, columns, rows, now: Date.now() }), ...notes].join("\n"));
  };
  // Times go on while nothing else happens.
  let timer = setInterval(draw, REDRAW_MS);
  let isSuspended = false;

  return {
    show(state) {
      const first = latest === undefined;
      latest = state;
      if (first) draw();
    },
    note(text) {
      notes.push(text);
      draw();
    },
    suspend() {
      draw();
      update.done();
      isSuspended = true;
      clearInterval(timer);
      return () => {
        isSuspended = false;
        timer = setInterval(draw, REDRAW_MS);
      };
    },
    end() {
      clearInterval(timer);
      isSuspended = false;
      draw();
      update.done();
    },
  };
}
