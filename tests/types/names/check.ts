/** Statements about types: `export type _ = [Holds<…>, …]` does not compile unless each is `true`. */

/** Does not compile unless its argument is `true`. */
export type Holds<Statement extends true> = Statement;

/** Whether two types are the same, neither of them merely wide enough for the other. */
export type Same<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2
    ? (<T>() => T extends B ? 1 : 2) extends <T>() => T extends A ? 1 : 2
      ? true
      : false
    : false;

/** Whether a value of the first type can be used as one of the second. `any`, which fits everything, does not. */
export type Fits<A, B> = IsAny<A> extends true ? false : [A] extends [B] ? true : false;

/** Whether a type is `any`, as it is where a declaration imports what does not exist. */
export type IsAny<T> = 0 extends 1 & T ? true : false;

/** Names of the types that are `any`. */
export type Untyped<Types extends object> = {
  [Name in keyof Types]: IsAny<Types[Name]> extends true ? Name : never;
}[keyof Types];
