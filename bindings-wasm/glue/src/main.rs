//! `conductor-wasm-glue <module> <folder> <name>`: writes `<name>_bg.wasm`, `<name>.js` and `<name>.d.ts`.
//!
//! The same as the `wasm-bindgen` command, which would have to be installed, in the very version of the library, and
//! brings an HTTP server and client along.

use std::env::args;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let [module, folder, name] = &args().skip(1).collect::<Vec<_>>()[..] else {
        eprintln!("conductor-wasm-glue <module> <folder> <name>");
        return ExitCode::FAILURE;
    };
    let mut glue = Bindgen::new();
    glue.input_path(module)
        .out_name(name)
        .typescript(true)
        .omit_default_module_path(true)
        .reset_state_function(true);
    match glue.web(true).and_then(|glue| glue.generate(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:?}");
            ExitCode::FAILURE
        }
    }
}
