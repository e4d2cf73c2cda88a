/** Answers to "what is in this value", all by one walk, and words, timers and limits of concurrency that several packages share. Imports nothing, so that it runs wherever JavaScript does. */
export { type Cloned, type Cloning, cloneability, isCloneable, memoryIn } from "./clone.js";
export { type Defined, definedIn } from "./defined.js";
export { KeyedMutex } from "./keyed-mutex.js";
export { isObject, isRecord, type Kind, kindOf, tagOf } from "./kind.js";
export { isLayer, withoutLayers } from "./layers.js";
export { loadedOnce } from "./loaded.js";
export { nameHere } from "./names-elsewhere.js";
export { forEachLimited, Semaphore } from "./semaphore.js";
export { type Limits, type Size, sizeOf } from "./size.js";
export { LONGEST_TIMER_MS, unheld, within } from "./timers.js";
export { FOUND, LEFT, OVER, type Step, Walk } from "./walk.js";
export { classOf, describe, messageOf, pathText } from "./words.js";
