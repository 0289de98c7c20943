//! Open streams of wake-ups: whenever the log grew, one look at the program serves all who wait.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use program::{Program, id::MemberId};
use tokio::{sync::watch, time::sleep};

use crate::app::App;

/// How long changes are gathered before they are looked at: a member is woken once for what comes together.
const GATHER: Duration = Duration::from_millis(100);

/// What a member's streams go by: how much it was given and must be told, see [`Program::news_of`]; nothing once it may
/// have nothing any more.
pub(crate) type News = Option<u64>;

/// The members that wait.
#[derive(Default)]
pub(crate) struct Streams(Mutex<HashMap<MemberId, watch::Sender<News>>>);

impl Streams {
    /// Returns what tells when there is something new for a member; its present value is what there is now.
    pub(crate) fn open(&self, program: &Program, member: &MemberId) -> watch::Receiver<News> {
        let now = news(program, member);
        let mut all = self.all();
        let tells = all.entry(member.clone()).or_insert_with(|| watch::Sender::new(now));
        tell(tells, now);
        tells.subscribe()
    }

    /// Wakes the members for whom there is something new; forgets those that do not wait any more.
    fn look(&self, program: &Program) {
        self.all().retain(|member, tells| {
            tell(tells, news(program, member));
            !tells.is_closed()
        });
    }

    // Whoever holds this holds the program too, so that nothing older is told after something newer.
    fn all(&self) -> MutexGuard<'_, HashMap<MemberId, watch::Sender<News>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks whenever the log grew, until the server stops.
pub(crate) async fn run(app: Arc<App>) {
    let mut growth = app.engine.growth();
    let mut stopping = app.stopping();
    while !*stopping.borrow() {
        tokio::select! {
            _ = growth.changed() => {}
            _ = stopping.changed() => continue,
        }
        sleep(GATHER).await;
        growth.mark_unchanged();
        app.streams.look(&*app.engine.program().await);
    }
}

fn news(program: &Program, member: &MemberId) -> News {
    let standing = program.member(member).ok()?.standing;
    let open = matches!(standing, policy::Standing::Active | policy::Standing::Restricted);
    open.then(|| program.news_of(member))
}

fn tell(tells: &watch::Sender<News>, now: News) {
    tells.send_if_modified(|told| std::mem::replace(told, now) != now);
}
