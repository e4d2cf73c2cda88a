//! How long the engine takes: opening runs of flows, and running them to the end through the bridge.

mod shapes;

use conductor_core::bridge::Bridge;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

fn main() {
    divan::main();
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn compile_chain(bencher: Bencher, nodes: u32) {
    let outline = shapes::chain(nodes);
    bencher.counter(ItemsCount::new(nodes)).with_inputs(Bridge::default).bench_local_values(|mut bridge| {
        black_box(shapes::open(&mut bridge, black_box(&outline), 1));
        bridge
    });
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn run_chain(bencher: Bencher, nodes: u32) {
    run(bencher, nodes, &shapes::chain(nodes), 1);
}

#[divan::bench(args = [(10, 10), (100, 100)])]
fn run_layered(bencher: Bencher, (layers, width): (u32, u32)) {
    run(bencher, layers * width, &shapes::layered(layers, width), width);
}

/// Opening is not part of the time.
fn run(bencher: Bencher, nodes: u32, outline: &[u32], concurrency: u32) {
    let opened = || {
        let mut bridge = Bridge::default();
        let handle = shapes::open(&mut bridge, outline, concurrency);
        (bridge, handle)
    };
    bencher.counter(ItemsCount::new(nodes)).with_inputs(opened).bench_local_values(|(mut bridge, handle)| {
        black_box(shapes::run(&mut bridge, handle));
        bridge
    });
}
