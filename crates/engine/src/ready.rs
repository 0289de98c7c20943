//! Copies made ready: checked, rendered and hashed, before the instant they are granted at.
//!
//! At that instant everybody comes at once, and nothing is left to do but to decide and to log. Made ready is what
//! is due then as things stand, so a copy that is withheld is never made; of a copy its hash and its size are
//! kept, in memory. Whether it is granted is decided at the instant, of the program as it is then.

use std::{
    collections::{BTreeMap, HashMap},
    num::NonZero,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use jiff::Timestamp;
use mark::kinds::check::Checker;
use program::{
    grant::Copy,
    id::{CaseId, ItemId, MemberId, Sha256, WaveId},
    plan::{self, Plan},
};
use tokio::sync::mpsc;

use crate::{
    engine::Engine, error::StepError, hash::sha256, master::Package, progress::Progress, writer::WriteError,
};

/// A member and an item that is due to it.
pub(crate) type Pair = (MemberId, ItemId);

/// What was made ready, by case.
#[derive(Default)]
pub(crate) struct Ready(Mutex<BTreeMap<CaseId, Made>>);

/// Copies of one version of a package, its marks drawn by one law.
struct Made {
    version: u32,
    law: Sha256,
    copies: HashMap<Pair, Copy>,
}

impl Made {
    fn is_of(&self, package: &Package) -> bool {
        (self.version, self.law) == (package.version, package.bias())
    }
}

impl Ready {
    /// Returns the copies that are ready, in the order of the pairs; those that are not are left out.
    pub(crate) fn of(&self, case: &CaseId, package: &Package, pairs: &[Pair]) -> Vec<Copy> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = all.get(case).filter(|made| made.is_of(package));
        made.into_iter()
            .flat_map(|made| pairs.iter().filter_map(|pair| made.copies.get(pair)))
            .cloned()
            .collect()
    }

    /// Returns the pairs that are not ready.
    fn missing(&self, case: &CaseId, package: &Package, pairs: Vec<Pair>) -> Vec<Pair> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let made = all.get(case).filter(|made| made.is_of(package));
        pairs.into_iter().filter(|pair| made.is_none_or(|made| !made.copies.contains_key(pair))).collect()
    }

    fn add(&self, case: &CaseId, package: &Package, copies: Vec<Copy>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let none = || Made { version: package.version, law: package.bias(), copies: HashMap::new() };
        let made = all.entry(case.clone()).or_insert_with(none);
        if !made.is_of(package) {
            *made = none();
        }
        made.copies.extend(copies.into_iter().map(|copy| ((copy.member.clone(), copy.item.clone()), copy)));
    }

    /// Forgets a case's copies: they are granted.
    pub(crate) fn forget(&self, case: &CaseId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(case);
    }
}

impl Engine {
    /// Makes ready what a wave will give at an instant to come, as things stand; returns how many copies that took.
    ///
    /// # Errors
    /// [`StepError`] when the wave has no instant, the package cannot be read, or a copy would not mean what the
    /// package means: better known now than then.
    pub async fn make_ready(&self, case: &CaseId, wave: &WaveId, at: Timestamp) -> Result<usize, StepError> {
        // The policies know whole milliseconds, and nothing is due before the next one.
        let at = policy::instant::up(at);
        let (plan, version) = {
            let program = self.program().await;
            let plan = plan::plan(&program, program.policies(), case, wave, at)?;
            (plan, program.case(case)?.package())
        };
        let package = Arc::new(self.package(case, version).await?);
        self.make(case, &package, due(&plan), &crate::progress::Unwatched).await
    }

    /// Makes those of the copies that are not ready; returns how many.
    ///
    /// All of them before anything is granted: a package whose copies differ is released to nobody.
    pub(crate) async fn make(
        &self,
        case: &CaseId,
        package: &Arc<Package>,
        pairs: Vec<Pair>,
        progress: &dyn Progress,
    ) -> Result<usize, StepError> {
        let missing = self.ready.missing(case, package, pairs);
        if missing.is_empty() {
            return Ok(0);
        }
        let mut by_member: BTreeMap<MemberId, Vec<ItemId>> = BTreeMap::new();
        missing.into_iter().for_each(|(member, item)| by_member.entry(member).or_default().push(item));
        progress.begin("checking and rendering copies", by_member.len() as u64);
        let (steps, mut done) = mpsc::unbounded_channel();
        let shared = package.clone();
        // Whoever waits for anything else does not wait for this.
        let work = tokio::task::spawn_blocking(move || on_all_cores(&shared, by_member, &steps));
        while done.recv().await.is_some() {
            progress.step(1);
        }
        let copies = work.await.map_err(|_| WriteError::Stopped)??;
        progress.end();
        let made = copies.len();
        self.ready.add(case, package, copies);
        Ok(made)
    }
}

/// Returns what is due by a plan.
pub(crate) fn due(plan: &Plan) -> Vec<Pair> {
    plan.due().map(|row| (row.member.clone(), row.item.clone())).collect()
}

fn on_all_cores(
    package: &Package,
    by_member: BTreeMap<MemberId, Vec<ItemId>>,
    steps: &mpsc::UnboundedSender<()>,
) -> Result<Vec<Copy>, StepError> {
    let all: Vec<(MemberId, Vec<ItemId>)> = by_member.into_iter().collect();
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let share = all.len().div_ceil(cores).max(1);
    let parts = thread::scope(|scope| {
        let workers: Vec<_> =
            all.chunks(share).map(|part| scope.spawn(|| some(package, part, steps))).collect();
        workers.into_iter().map(|worker| worker.join()).collect::<Vec<_>>()
    });
    let mut copies = Vec::new();
    for part in parts {
        copies.extend(part.map_err(|_| WriteError::Stopped)??);
    }
    Ok(copies)
}

/// Checks and renders the copies of some members.
fn some(
    package: &Package,
    members: &[(MemberId, Vec<ItemId>)],
    steps: &mpsc::UnboundedSender<()>,
) -> Result<Vec<Copy>, StepError> {
    let mut checker = Checker::new(&package.master);
    let mut copies = Vec::new();
    for (member, items) in members {
        let word = package.codebook.codeword(member.as_str());
        checker.check(&word)?;
        let row = package.row(member.as_str());
        for item in items {
            let rendered = package
                .index_of(item)
                .and_then(|file| mark::render::render_file(&package.master, file, &word))
                .ok_or_else(|| StepError::NotReproduced { item: item.clone(), member: member.clone() })?;
            copies.push(Copy {
                member: member.clone(),
                item: item.clone(),
                sha256: sha256(rendered.text.as_bytes()),
                size: rendered.text.len() as u64,
                package: package.version,
                row,
            });
        }
        // Nobody may be listening any more.
        let _ = steps.send(());
    }
    Ok(copies)
}
