/** The longest wait of a timer, in ms: some 24.8 days. JavaScript's timers take a longer one for 1 ms. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1;
