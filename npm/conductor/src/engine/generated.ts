/**
 * The numbers that cross the boundary, and how records and packed numbers are laid out.
 *
 * Written by `npm run constants` from `core/src`; `npm run check` finds what differs.
 */

/** Words of a mailbox before the records. */
export const MAILBOX_HEADER_WORDS = 4;

/** Words of an event. */
export const EVENT_WORDS = 3;

/** Words of an op. */
export const OP_WORDS = 4;

/** In the first word of an event or op: the bits of the kind. */
export const KIND_MASK = 255;

/** Where the attempt begins above them. */
export const ATTEMPT_SHIFT = 8;

/** What an op asks for. */
export const OpKind = {
  start: 1,
  abort: 2,
  enter: 3,
  pass: 4,
  ask: 5,
  open: 6,
  close: 7,
  gather: 8,
  catch: 9,
  drop: 10,
  change: 11,
  finish: 12,
  block: 13,
  wait: 14,
  reset: 15,
  lose: 16,
  persist: 17,
} as const;

/** What an event tells. */
export const EventKind = {
  done: 1,
  failed: 2,
  route: 3,
  progress: 4,
  items: 5,
  itemsOpenEnded: 6,
  cancel: 7,
  pause: 8,
  resume: 9,
  advice: 10,
  end: 11,
  takenOver: 12,
  persisted: 13,
} as const;

/** Instead of a number of events. */
export const Command = {
  start: 4294967295,
  timeout: 4294967294,
  drain: 4294967293,
} as const;

/** Added to a number of events that were done while the host ran ahead. */
export const AHEAD = 2147483648;

/** Words of such an event: its own, a free one, the time. */
export const AHEAD_WORDS = 6;

/** Set in the result of a turn when ops are left. */
export const MORE = 1073741824;

/** Results of calls that did not work. */
export const Status = {
  unknownHandle: -1,
  misuse: -2,
  tooShort: -3,
  panic: -4,
} as const;

/** In an advice: another try would fail like this one. */
export const NEVER = 4294967295;

/** In an op: no task. */
export const NO_TASK = 4294967295;

/** The numbers of states. */
export const State = {
  pending: 0,
  executing: 1,
  completed: 2,
  error: 3,
  skipped: 4,
} as const;

/** In a change: the bits of the state, and of each percent. */
export const CHANGE_MASK = 255;

/** Where the percent begins above the state. */
export const PERCENT_SHIFT = 8;

/** Where the percent of the run begins above that. */
export const OVERALL_SHIFT = 16;

/** In a change: which step of the animation it shows, beside the steps' own numbers. */
export const Step = {
  none: 255,
  complete: 254,
} as const;

/** Numbers of a look before the nodes. */
export const LOOK_HEADER_NUMBERS = 4;

/** Numbers of a node in a look. */
export const LOOK_NODE_NUMBERS = 4;

/** Words of an outline before the records. */
export const OUTLINE_HEADER_WORDS = 3;

/** Words of a node in an outline. */
export const NODE_WORDS = 8;

/** Words of an edge. */
export const EDGE_WORDS = 5;

/** The number of no string. */
export const NO_NAME = 0;

/** The number of the string `error`. */
export const ERROR_NAME = 1;

/** The bits of a width. */
export const MAX_WIDTH = 65535;

/** In a width: nodes may run side by side. */
export const PARALLEL = 65536;

/** In a width: a loop goes on after a round that failed. */
export const TOLERANT = 131072;

/** In a width: where the section begins. */
export const SECTION_SHIFT = 18;

/** The bits of a section. */
export const SECTION_MASK = 3;

/** In a width: the policy says whether backoffs are spread. */
export const SAYS_JITTER = 1048576;

/** In a width: they are. */
export const JITTER = 2097152;

/** What a node of a `try` is for. */
export const Section = {
  body: 0,
  catch: 1,
  finally: 2,
} as const;
/** One of them. */
export type Section = (typeof Section)[keyof typeof Section];

/** In the flags of a node: it does not run. */
export const DISABLED = 1;

/** The run goes on after a failure of it. */
export const CONTINUES_ON_ERROR = 2;

/** Where it begins when a group of branches is over. */
export const BRANCHES_SHIFT = 2;

/** How many bits say which mode; above them is how many are to succeed. */
export const BRANCHES_BITS = 3;

/** When a group of branches is over. */
export const BranchModes = {
  all: 1,
  race: 2,
  allSettled: 3,
  first: 4,
  try: 5,
} as const;

/** How many branches can be waited for. */
export const MOST_BRANCHES = 65535;

/** The bit of a node that waits for the disk. */
export const PERSISTS_SHIFT = 31;

/** How many options there are. */
export const OPTION_NUMBERS = 14;

/** Where each option stands. */
export const OptionPlace = {
  concurrency: 0,
  seed: 1,
  retries: 2,
  retryDelay: 3,
  jitter: 4,
  timeout: 5,
  slowMo: 6,
  errorTarget: 7,
  errorDelay: 8,
  delayTarget: 9,
  delay: 10,
  keepOutputs: 11,
  record: 12,
  keepGoing: 13,
} as const;

/** In the place of a node: none. */
export const NO_TARGET = -1;

/** In the place of a node: one that the seed decides on. */
export const RANDOM_TARGET = -2;

/** Words of a record of the journal. */
export const JOURNAL_WORDS = 5;

/** Kinds in the journal beside those of events. */
export const JournalKind = {
  start: 0,
  timeout: 254,
} as const;

/** In the kind of an event in the journal: the next one was told in the same step. */
export const CONTINUED = 128;

/** Numbers of a trace before the changes. */
export const TRACE_HEADER_NUMBERS = 4;

/** In a change of a trace: the step of the animation. */
export const TRACE_STEP_MASK = 255;

/** Where the overall percent begins. */
export const TRACE_OVERALL_SHIFT = 8;

/** Where the percent begins. */
export const TRACE_PERCENT_SHIFT = 15;

/** The bits of each of them. */
export const TRACE_PERCENT_MASK = 127;

/** Where the state begins. */
export const TRACE_STATE_SHIFT = 22;

/** The bits of it. */
export const TRACE_STATE_MASK = 7;

/** The bit of a state that is another one than before. */
export const TRACE_ENTERED_SHIFT = 25;

/** What the number of the node is multiplied by. */
export const TRACE_NODE_UNIT = 67108864;
