/** How a run takes outputs that were made before instead of asking executables for them. */
import type { Effects } from "@atomiton/nodes";

import type { NodeDefinition } from "../types/definition.js";
import type { Call } from "./call.js";
import { effectsBy } from "./effects.js";
import type { AnyExecutable } from "./executables.js";

/** An output that was asked for. */
export interface ReusedOutput {
  value: unknown;
  /** It was made by another attempt. */
  isReused: boolean;
  /** What the attempt that made it warned of. */
  warnings?: readonly { rule: string; message: string }[];
  /** Why it was not kept, and could not be taken, for people; missing where it was. */
  reason?: string;
}

/** A leaf that is about to start. */
export interface ReusableStep {
  call: Call;
  node: NodeDefinition;
  executable: AnyExecutable;
  /** With the values of its expressions. */
  parameters: Record<string, unknown> | undefined;
  /** Whether these, or its input, may be made of secrets or of what is redacted. */
  readsSecrets: boolean;
  /** Whether a text holds one of the run's secrets or something redacted, in a form in which logs hide them. */
  isSecret(text: string): boolean;
  /** Whether the run has secrets or something redacted so far. */
  knowsSecrets(): boolean;
  /** Whether parts of an output are redacted. */
  hides(output: unknown): boolean;
  /** Asks the executable. */
  run(): unknown;
}

/** Finds outputs that were made before, and keeps those that are made. */
export interface OutputReuse {
  /**
   * The output of a leaf; `undefined` where neither its policy nor the owner of the conductor asks for reuse. Rejects with what
   * the executable fails with.
   */
  take(step: ReusableStep): Promise<ReusedOutput> | undefined;
}

/** What a leaf that is about to start does to the world; `writes` where nothing is known of it. */
export function effectsOfStep({ executable, parameters, call }: ReusableStep): Effects {
  return effectsBy(executable.effects, parameters, call.input);
}
