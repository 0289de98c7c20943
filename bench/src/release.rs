//! A release to many members, beside sealing alone.

use std::{io, time::Duration};

use anyhow::ensure;
use engine::{Stopwatch, progress::Unwatched};

use crate::{corpus, crowd};

/// Members, and the size of the package, in bytes.
const MEMBERS: usize = 1000;
const PACKAGE: usize = 1 << 20;

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure())
}

async fn measure() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let (engine, people) = crowd::found(&dir.path().join("program"), MEMBERS).await?;
    let (text, bytes) = corpus::prose_package(PACKAGE)?;
    // Due when everything is there.
    crowd::prepare(&engine, text, engine.clock().now()).await?;
    let (case, wave) = (crowd::CASE.parse()?, crowd::WAVE.parse()?);

    let watch = Stopwatch::start();
    let ready = engine.make_ready(&case, &wave, engine.clock().now()).await?;
    let made = watch.elapsed();
    ensure!(ready == MEMBERS, "everybody's copy is ready");
    let watch = Stopwatch::start();
    let released = engine.release(&crowd::user("alice")?, &case, &wave, &Unwatched).await?;
    let granted = watch.elapsed();
    ensure!(released.granted == MEMBERS, "everybody has one");

    let copy = vec![b'x'; bytes];
    let watch = Stopwatch::start();
    for member in &people {
        package::seal_to(copy.as_slice(), io::sink(), &member.identity.to_public())?;
    }
    let sealed = watch.elapsed();
    let rate = |taken: Duration| MEMBERS as f64 / taken.as_secs_f64().max(1e-9);
    println!(
        "release of {} KiB to {MEMBERS} members: checked, rendered and hashed beforehand at {:.0} copies a second (all cores); planned, decided, logged and durable in {:.2} s; together {:.0} copies a second; sealing alone, one core: {:.0}",
        bytes >> 10,
        rate(made),
        granted.as_secs_f64(),
        rate(made + granted),
        rate(sealed),
    );
    engine.close().await;
    Ok(())
}
