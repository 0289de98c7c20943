//! Wake-ups: a stream that says that something changed, never what.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream;
use tokio::sync::watch;

use crate::{app::App, auth::Fetcher, problem::Refused, streams::News};

/// The shortest time that whoever is woken is asked to spread over, in milliseconds.
const LEAST_WITHIN: u64 = 500;

/// How often a quiet stream says that it is there.
const QUIET: Duration = Duration::from_secs(20);

/// Wait for changes
///
/// One `change` when the stream opens, and one whenever the caller has been granted more or must be told something. It
/// says nothing but within how many milliseconds to ask for the lists of copies and of notices, at a moment of the
/// caller's own drawing: many are woken at once.
#[utoipa::path(get, path = "/api/v1/events", tag = "member", responses(
    (status = 200, description = "server-sent events", body = String, content_type = "text/event-stream"),
    Refused,
))]
pub(crate) async fn events(State(app): State<Arc<App>>, Fetcher(member, _): Fetcher) -> Response {
    let news = app.streams.open(&*app.engine.program().await, &member);
    let waiting = Waiting { news, stopping: app.stopping(), told: None, _counted: Counted::new(&app), app };
    let stream = stream::unfold(waiting, |mut waiting| async move {
        waiting.change().await.map(|within| {
            (Ok::<_, Infallible>(Event::default().event("change").data(within.to_string())), waiting)
        })
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET)).into_response()
}

struct Waiting {
    app: Arc<App>,
    news: watch::Receiver<News>,
    stopping: watch::Receiver<bool>,
    /// What the member was told of last.
    told: News,
    _counted: Counted,
}

impl Waiting {
    /// Waits for the member's next change, and tells within how many milliseconds to ask; nothing when the stream is
    /// to end.
    async fn change(&mut self) -> Option<u64> {
        loop {
            if *self.stopping.borrow() {
                return None;
            }
            let now = *self.news.borrow_and_update();
            // A member that may have nothing any more waits for nothing.
            now?;
            if self.told != now {
                self.told = now;
                return Some(self.within());
            }
            tokio::select! {
                changed = self.news.changed() => changed.ok()?,
                stopped = self.stopping.changed() => stopped.ok()?,
            }
        }
    }

    /// As long as it takes to serve everybody who is woken by this process.
    fn within(&self) -> u64 {
        let streams = u64::try_from(self.app.metrics.streams.get()).unwrap_or(0);
        (1000 * streams / self.app.config.limits.woken_a_second.max(1)).max(LEAST_WITHIN)
    }
}

/// Counts a stream for as long as it is open.
struct Counted(Arc<App>);

impl Counted {
    fn new(app: &Arc<App>) -> Self {
        app.metrics.streams.inc();
        Self(app.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.metrics.streams.dec();
    }
}
