/** The time of this machine in ms, with parts of a ms: the same in all processes. */
export const now = () => performance.timeOrigin + performance.now();
