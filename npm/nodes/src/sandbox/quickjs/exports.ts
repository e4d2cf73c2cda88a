/** The part of the module's exports that is used. Pointers are to values that the caller frees. */
export interface QuickJsExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  /** Where the stack of the module itself ends. */
  __stack_pointer: WebAssembly.Global<"i32">;
  _initialize(): void;
  /** Makes the runtime and its context; 0 when it could. */
  qjs_init(): number;
  qjs_get_context_ptr(): number;
  qjs_set_memory_limit(bytes: number): void;
  qjs_set_max_stack_size(bytes: number): void;
  qjs_set_gc_threshold(bytes: number): void;
  qjs_set_interrupt_handler(enabled: number): void;
  qjs_eval(code: number, length: number, filename: number, flags: number): number;
  qjs_call(fn: number, self: number, count: number, values: number): number;
  qjs_is_exception(value: number): number;
  qjs_get_exception(): number;
  qjs_is_function(value: number): number;
  qjs_is_null(value: number): number;
  qjs_is_string(value: number): number;
  qjs_get_undefined(): number;
  qjs_get_true(): number;
  qjs_get_false(): number;
  qjs_get_float64(value: number): number;
  qjs_new_number(value: number): number;
  qjs_new_string(text: number, length: number): number;
  qjs_new_host_function(name: number, length: number, count: number): number;
  qjs_get_prop_string(object: number, name: number): number;
  qjs_get_string_len(value: number, length: number): number;
  qjs_free_cstring(text: number): void;
  qjs_free_value(value: number): void;
  /** Memory outside of the engine's heap and limit; 0 without any. */
  wasm_malloc(bytes: number): number;
  wasm_free(pointer: number): void;
}
