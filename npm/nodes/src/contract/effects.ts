/** What carrying out a node does to the world outside of its flow. */
import { isRecord } from "@atomiton/values";

/**
 * What carrying out a node does to the world, from the least to the most:
 *
 * - `none`: it touches nothing. The same parameters, input and variables give the same output, so that a recorded output may be
 *   taken instead of running it again. Figures about the execution itself, such as how many ms it took, may differ. A node whose
 *   output also depends on the time, on chance, on a person or on another flow says `reads`, although nothing is read for it.
 * - `reads`: it looks at the world and changes nothing there, so that running it again is harmless, but may give another output.
 * - `writes`: it may change the world. Before it starts, all that came before must be safe from a crash: running it again may
 *   do something twice.
 */
export type Effects = "none" | "reads" | "writes";

/**
 * Tells the effects of one node. It is asked often, so it must be quick; it must not throw, and answers `writes` where it
 * cannot know.
 *
 * @param parameters as the flow has them: neither checked nor completed, with expressions (`${{ … }}`) as text unless they
 *   were worked out
 * @param input what the edges bring, where that is known: just before the node starts. Edges may bring what stands for a
 *   parameter, such as the `method` of a request; without `input` the answer is for parameters alone
 */
export type EffectsOf = (parameters: Record<string, unknown>, input?: unknown) => Effects;

const KNOWN: readonly unknown[] = ["none", "reads", "writes"] satisfies Effects[];

/** Whether a value is one of the three effects. */
export function isEffects(value: unknown): value is Effects {
  return KNOWN.includes(value);
}

/**
 * The effects of one node by what its executable, or its type, says; `writes` where that says nothing, throws, or gives
 * anything else.
 *
 * @param parameters as for {@link EffectsOf}; what is no object counts as none
 * @param input as for {@link EffectsOf}
 */
export function effectsOf(
  type: { readonly effects?: Effects | EffectsOf } | undefined,
  parameters: unknown,
  input?: unknown,
): Effects {
  try {
    const said: unknown =
      typeof type?.effects === "function" ? type.effects(isRecord(parameters) ? parameters : {}, input) : type?.effects;
    return isEffects(said) ? said : "writes";
  } catch {
    return "writes";
  }
}
