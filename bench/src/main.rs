//! The figures that README quotes: `cargo xtask bench` builds everything in release and runs this.
//!
//! Ratios are measured in one run on the same files; every figure is printed with what it was measured on.

mod corpus;
mod cpu;
mod crowd;
mod demo;
mod hunt;
mod load;
mod log;
mod oversight;
mod plan;
mod reader;
mod release;
mod screen;
mod seal;
mod trace;

/// The same as the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Measure = fn() -> anyhow::Result<()>;

/// What is measured, by name, in the order of the print.
const PARTS: [(&str, Measure); 11] = [
    ("demo", demo::run),
    ("seal", seal::run),
    ("reader", reader::run),
    ("trace", trace::run),
    ("oversight", oversight::run),
    ("screen", screen::run),
    ("hunt", hunt::run),
    ("plan", plan::run),
    ("log", log::run),
    ("release", release::run),
    ("load", load::run),
];

/// Measures the parts named as arguments, or all.
fn main() -> anyhow::Result<()> {
    let named: Vec<String> = std::env::args().skip(1).collect();
    for name in &named {
        let known = PARTS.iter().any(|(part, _)| part == name);
        anyhow::ensure!(known, "there is no part `{name}`, name some of {:?}", PARTS.map(|(part, _)| part));
    }
    println!("measured on {}, load {}", cpu::setup(), cpu::load());
    for (part, run) in PARTS {
        if named.is_empty() || named.iter().any(|name| name == part) {
            run()?;
        }
    }
    println!("load at the end {}", cpu::load());
    Ok(())
}
