//! A fixed piece of work by name, for counting instructions: `cargo run --release --example workload -- run-chain`.

#[path = "../benches/engine/shapes.rs"]
mod shapes;

use conductor_core::bridge::Bridge;

const NODES: u32 = 1_000;

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let mut bridge = Bridge::default();
    let work = match name.as_str() {
        // What the process itself costs, to be taken off the others.
        "nothing" => 0,
        "compile-chain" => shapes::open(&mut bridge, &shapes::chain(NODES), 1),
        "run-chain" => {
            let run = shapes::open(&mut bridge, &shapes::chain(NODES), 1);
            shapes::run(&mut bridge, run)
        }
        "run-layered" => {
            let run = shapes::open(&mut bridge, &shapes::layered(NODES / 20, 20), 20);
            shapes::run(&mut bridge, run)
        }
        _ => {
            eprintln!("usage: workload nothing|compile-chain|run-chain|run-layered");
            std::process::exit(2);
        }
    };
    println!("{name}: {work}");
}
