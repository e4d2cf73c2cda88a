//! How long the engine takes: compiling flows, and running them to the end through the bridge.

mod shapes;

use conductor_core::bridge::Bridge;
use divan::{Bencher, black_box, counter::ItemsCount};

fn main() {
    divan::main();
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn compile_chain(bencher: Bencher, nodes: u32) {
    let outline = shapes::chain(nodes);
    bencher.counter(ItemsCount::new(nodes)).with_inputs(Bridge::default).bench_local_values(|mut bridge| {
        black_box(shapes::compile(&mut bridge, black_box(&outline)));
        bridge
    });
}

#[divan::bench(args = [10, 1_000, 100_000])]
fn run_chain(bencher: Bencher, nodes: u32) {
    let mut bridge = Bridge::default();
    let plan = shapes::compile(&mut bridge, &shapes::chain(nodes));
    bencher.counter(ItemsCount::new(nodes)).bench_local(|| shapes::run(&mut bridge, black_box(plan), 1));
}

#[divan::bench(args = [(10, 10), (100, 100)])]
fn run_layered(bencher: Bencher, (layers, width): (u32, u32)) {
    let mut bridge = Bridge::default();
    let plan = shapes::compile(&mut bridge, &shapes::layered(layers, width));
    let nodes = ItemsCount::new(layers * width);
    bencher.counter(nodes).bench_local(|| shapes::run(&mut bridge, black_box(plan), width));
}
