//! Looking ahead: what a wave will give is made ready before its instant.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use engine::timer::upcoming;
use jiff::SignedDuration;
use program::id::{CaseId, WaveId};
use tokio::time::sleep;

use crate::app::App;

/// How long before its instant a wave's copies are made ready.
const AHEAD: SignedDuration = SignedDuration::from_mins(15);

/// How often what is to be made ready is looked for.
const LOOK_AHEAD: Duration = Duration::from_secs(5);

/// Makes the copies of coming waves ready until the server stops, so that at their instants little is left to do.
///
/// Nothing depends on it: what is not ready is made at the instant.
pub(crate) async fn run(app: Arc<App>) {
    let mut stopping = app.stopping();
    // What was decisive when a wave was made ready: more may be due by what was written since.
    let mut seen: BTreeMap<(CaseId, WaveId), u64> = BTreeMap::new();
    while !*stopping.borrow() {
        let (coming, decisive) = {
            let program = app.engine.program().await;
            (upcoming(&program, app.engine.clock().now(), AHEAD), program.decisive())
        };
        seen.retain(|(case, wave), _| coming.iter().any(|(c, w, _)| (c, w) == (case, wave)));
        for (case, wave, at) in coming {
            if seen.insert((case.clone(), wave.clone()), decisive) == Some(decisive) {
                continue;
            }
            match app.engine.make_ready(&case, &wave, at).await {
                Ok(0) => {}
                Ok(copies) => tracing::info!(case = %case, wave = %wave, copies, "made ready"),
                Err(error) => {
                    tracing::error!(case = %case, wave = %wave, error = %error, "a coming wave cannot be made ready");
                }
            }
        }
        tokio::select! {
            () = sleep(LOOK_AHEAD) => {}
            _ = stopping.changed() => {}
        }
    }
}
