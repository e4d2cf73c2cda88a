/** How a worker's bundler gives a module of WebAssembly. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
