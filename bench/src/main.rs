//! The figures that README quotes: `cargo xtask bench` builds everything in release and runs this.
//!
//! Ratios are measured in one run on the same files; every figure is printed with what it was measured on.

mod cpu;
mod demo;
mod hunt;
mod log;
mod oversight;
mod plan;
mod reader;
mod screen;
mod seal;
mod trace;

/// The same as the program's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> anyhow::Result<()> {
    println!("measured on {}", cpu::setup());
    demo::run()?;
    seal::run()?;
    reader::run()?;
    trace::run()?;
    oversight::run()?;
    screen::run()?;
    hunt::run()?;
    plan::run()?;
    log::run()?;
    Ok(())
}
