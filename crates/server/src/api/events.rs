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
use program::id::MemberId;
use tokio::{sync::watch, time::sleep};

use crate::{app::App, auth::Fetcher, problem::Refused};

/// How long a stream gathers changes before it says that there were some.
const GATHER: Duration = Duration::from_millis(250);

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
    let waiting = Waiting {
        growth: app.engine.growth(),
        stopping: app.stopping(),
        told: None,
        member,
        _counted: Counted::new(&app),
        app,
    };
    let stream = stream::unfold(waiting, |mut waiting| async move {
        waiting.change().await.map(|within| {
            (Ok::<_, Infallible>(Event::default().event("change").data(within.to_string())), waiting)
        })
    });
    Sse::new(stream).keep_alive(KeepAlive::new().interval(QUIET)).into_response()
}

struct Waiting {
    app: Arc<App>,
    member: MemberId,
    growth: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    /// How many copies the member had been granted, and how many notifications named it, when it was told last.
    told: Option<(usize, usize)>,
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
            let now = self.counted().await?;
            if self.told != Some(now) {
                self.told = Some(now);
                return Some(self.within());
            }
            tokio::select! {
                grown = self.growth.changed() => grown.ok()?,
                stopped = self.stopping.changed() => stopped.ok()?,
            }
            sleep(GATHER).await;
        }
    }

    /// As long as it takes to serve everybody who is woken by this process.
    fn within(&self) -> u64 {
        let streams = u64::try_from(self.app.metrics.streams.get()).unwrap_or(0);
        (1000 * streams / self.app.config.limits.woken_a_second.max(1)).max(LEAST_WITHIN)
    }

    /// Counts what the member was granted and what it must be told; nothing for a member that may have nothing any
    /// more.
    async fn counted(&self) -> Option<(usize, usize)> {
        let program = self.app.engine.program().await;
        let standing = program.member(&self.member).ok()?.standing;
        let open = matches!(standing, policy::Standing::Active | policy::Standing::Restricted);
        let count = |case: &program::case::Case| {
            case.items().filter(|item| case.granted(&item.item, &self.member).is_some()).count()
        };
        let named = program.notifications().filter(|known| known.members.contains_key(&self.member));
        open.then(|| (program.cases().map(count).sum(), named.count()))
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
