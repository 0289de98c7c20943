//! The meter: leaks a package again and again and counts whom the trace names.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::index::sample;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::advice::{Advice, advise};
use super::cell::Cell;
use super::coalition::{Mix, mixed};
use super::leaks::{LeakClass, leak};
use super::plan::{Claim, ClaimError, Plan, plan, sites_of};
use crate::accuse::{AccuseError, MemberEvidence, Row, SiteLaw, accuse};
use crate::code::{Bias, Codebook, ReleaseSecret};
use crate::master::Master;
use crate::read::Reader;
use crate::reading::Reading;
use crate::render::{Codeword, render_file};
use crate::trace::{laws, rows};

/// Members that every leak is weighed against at first, the guilty ones among them.
///
/// A sample of k members is judged at ε k/n, so that both thresholds are those of n members. A member's own
/// e-value and its tails read no other row: whom these name, they name among all n. What is read given
/// partners' rows is shared among fewer candidates than there are, so that whoever is named by that alone is
/// weighed again, against [`WEIGHED`] members or all. Nobody is missed but those that an innocent partner's row
/// would have helped by chance.
pub const SAMPLE: usize = 32;
/// Members that a leak is weighed against when partners' rows decide.
///
/// Of more members these are a sample too, and the estimate for coalitions is too high: the evidence is
/// shared among 1000 candidates for a partner instead of n, which is worth ln(n/1000) nats at most.
pub const WEIGHED: usize = 1000;

/// What to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// What the package is to support.
    pub claim: Claim,
    /// Leaks a cell tries at most; it stops earlier when it is clear.
    pub trials: u32,
    /// Where the randomness comes from: the same seed measures the same.
    pub seed: u64,
}

/// How strong a package is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strength {
    /// The claim against the package's sites.
    pub plan: Plan,
    /// The kinds of leak, in the order of every row's cells.
    pub leaks: Vec<LeakClass>,
    /// The whole package, then every file leaked alone.
    pub rows: Vec<RowStrength>,
    /// Traces made.
    pub traces: u64,
    /// Innocent members' rows weighed in all of them.
    pub innocents_weighed: u64,
    /// Innocent members accused in all of them.
    pub innocents_accused: u64,
    /// What to add, most pressing first.
    pub advice: Vec<Advice>,
    /// The seed.
    pub seed: u64,
}

/// What a part of a package can do alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RowStrength {
    /// The file that leaks; absent for the whole package.
    pub file: Option<String>,
    /// Sites that show in it.
    pub sites: usize,
    /// Bits about a single leaker that they hold.
    pub bits: f64,
    /// A cell for each kind of leak; absent where the part cannot leak so.
    pub cells: Vec<Option<Cell>>,
}

/// A package prepared for being measured.
pub struct Meter<'a> {
    master: &'a Master,
    reader: Reader<'a>,
    settings: Settings,
    leaks: Vec<LeakClass>,
    parts: Vec<Part>,
}

/// The whole package or one file of it.
struct Part {
    file: Option<String>,
    files: Vec<usize>,
    /// Sites that show in these files.
    sites: BTreeSet<usize>,
}

/// A way to leak a part, and how often it was tried.
struct Way {
    part: usize,
    class: LeakClass,
    mix: Option<Mix>,
    named: u32,
    trials: u32,
}

/// One round: a codebook and the rows of those who are weighed.
struct Round {
    codebook: Codebook,
    laws: Vec<SiteLaw>,
    /// Those who leak come from here; the rest are innocent.
    sample: Vec<Row>,
    /// More innocents, drawn when they are needed.
    more: OnceCell<Vec<Row>>,
}

/// What one leak came to.
struct Outcome {
    named: bool,
    weighed: usize,
    accused: usize,
}

impl<'a> Meter<'a> {
    /// Prepares a package.
    ///
    /// # Errors
    /// A claim that cannot be made of any package.
    pub fn new(master: &'a Master, settings: Settings) -> Result<Meter<'a>, ClaimError> {
        settings.claim.check()?;
        let most = u32::try_from(settings.claim.members).unwrap_or(u32::MAX);
        let coalitions: BTreeSet<u32> =
            [2, 3, settings.claim.colluders].into_iter().filter(|&size| size > 1 && size <= most).collect();
        let leaks = LeakClass::all(&coalitions.into_iter().collect::<Vec<_>>());
        let whole = Part {
            file: None,
            files: (0..master.files.len()).collect(),
            sites: (0..master.sites.len()).collect(),
        };
        let alone = master.files.iter().enumerate().map(|(at, file)| {
            let mut sites = BTreeSet::new();
            sites_of(&file.nodes, &mut sites);
            Part { file: Some(file.path.clone()), files: vec![at], sites }
        });
        let parts = std::iter::once(whole).chain(alone).collect();
        Ok(Meter { master, reader: Reader::new(master), settings, leaks, parts })
    }

    /// Gives the number of steps that [`Meter::measure`] reports in all.
    pub fn steps(&self) -> u64 {
        self.ways().len() as u64 * u64::from(self.settings.trials)
    }

    /// Measures; `watch` is told how many steps are done since it was last told.
    ///
    /// Every round draws a codebook and leaks each part in each way once; a way whose share is clear is left
    /// out of the rounds to come. Rounds are independent of each other and of the order of the ways.
    ///
    /// # Errors
    /// None with a master that parsed; what [`accuse`] refuses is passed on.
    pub fn measure(&self, watch: &mut dyn FnMut(u64)) -> Result<Strength, AccuseError> {
        let mut ways = self.ways();
        let (mut traces, mut weighed, mut accused) = (0, 0, 0);
        for trial in 0..self.settings.trials {
            let mut open: Vec<&mut Way> = ways.iter_mut().filter(|way| !way.cell().is_clear()).collect();
            if open.is_empty() {
                break;
            }
            let round = self.round(trial);
            for way in &mut open {
                let outcome = self.leak(&round, way, trial)?;
                way.trials += 1;
                way.named += u32::from(outcome.named);
                weighed += outcome.weighed as u64;
                accused += outcome.accused as u64;
                traces += 1;
                let left = if way.cell().is_clear() { self.settings.trials - trial } else { 1 };
                watch(u64::from(left));
            }
        }
        let laws = self.round_laws();
        let rows: Vec<RowStrength> =
            self.parts.iter().enumerate().map(|(at, part)| self.row(at, part, &laws, &ways)).collect();
        // The claim was checked when the meter was made.
        let plan = plan(&laws, self.settings.claim).map_err(|_| AccuseError::NoPopulation)?;
        let advice = advise(self.master, &laws, &plan, &self.leaks, &rows);
        Ok(Strength {
            plan,
            leaks: self.leaks.clone(),
            rows,
            traces,
            innocents_weighed: weighed,
            innocents_accused: accused,
            advice,
            seed: self.settings.seed,
        })
    }

    fn ways(&self) -> Vec<Way> {
        let mut ways = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let paths: Vec<&str> = part
                .files
                .iter()
                .filter_map(|&file| self.master.files.get(file))
                .map(|file| file.path.as_str())
                .collect();
            for &class in self.leaks.iter().filter(|class| class.applies(&paths, part.file.is_none())) {
                let way = |mix| Way { part: at, class, mix, named: 0, trials: 0 };
                match Mix::of(class.colluders()) {
                    [] => ways.push(way(None)),
                    mixes => ways.extend(mixes.iter().map(|&mix| way(Some(mix)))),
                }
            }
        }
        ways
    }

    fn round_laws(&self) -> Vec<SiteLaw> {
        laws(self.master, &self.codebook(0))
    }

    fn codebook(&self, trial: u32) -> Codebook {
        let secret = digest(&[&self.settings.seed.to_be_bytes(), b"codebook", &trial.to_be_bytes()]);
        Codebook::biased(
            &ReleaseSecret::new(secret),
            self.master,
            Bias::for_colluders(self.settings.claim.colluders),
        )
    }

    fn round(&self, trial: u32) -> Round {
        let codebook = self.codebook(trial);
        let sample = rows(&codebook, &names(0..self.settings.claim.members.min(SAMPLE)));
        Round { laws: laws(self.master, &codebook), sample, codebook, more: OnceCell::new() }
    }

    /// Leaks once.
    fn leak(&self, round: &Round, way: &Way, trial: u32) -> Result<Outcome, AccuseError> {
        let Some(part) = self.parts.get(way.part) else {
            return Ok(Outcome { named: false, weighed: 0, accused: 0 });
        };
        let name = format!("{:?} {:?} {:?}", part.file, way.class, way.mix);
        let seed = digest(&[&self.settings.seed.to_be_bytes(), name.as_bytes(), &trial.to_be_bytes()]);
        let mut rng = StdRng::from_seed(seed);
        let colluders = usize::try_from(way.class.colluders()).unwrap_or(1).min(round.sample.len());
        let guilty: Vec<&Row> = sample(&mut rng, round.sample.len(), colluders)
            .into_iter()
            .filter_map(|at| round.sample.get(at))
            .collect();
        let symbols: Vec<_> = guilty.iter().map(|row| row.symbols.as_slice()).collect();
        let cut = matches!(way.class, LeakClass::CutMix(_));
        let word = match way.mix {
            Some(mix) => mixed(self.master, &symbols, mix, cut, &mut rng),
            None => Codeword::drawn(symbols.first().map_or(&[][..], |row| row).to_vec()),
        };
        let files: Vec<_> =
            part.files.iter().filter_map(|&file| render_file(self.master, file, &word)).collect();
        let reading = self.reader.read(&leak(way.class, &files, &mut rng));
        self.weigh(round, &guilty, &reading)
    }

    /// Weighs a reading against the sample, and against more members where partners' rows decide.
    fn weigh(&self, round: &Round, guilty: &[&Row], reading: &Reading) -> Result<Outcome, AccuseError> {
        let claim = &self.settings.claim;
        let among = |population: &[Row]| {
            let epsilon = claim.epsilon * population.len() as f64 / claim.members as f64;
            accuse(&round.laws, population, reading, epsilon)
        };
        let mut weighed = round.sample.len();
        let mut trace = among(&round.sample)?;
        let most = claim.members.min(WEIGHED);
        let own = |member: &MemberEvidence| member.given.is_empty() && trace.accused.contains(&member.member);
        if !trace.accused.is_empty() && !trace.members.iter().any(own) && most > weighed {
            let more = round.more.get_or_init(|| rows(&round.codebook, &names(weighed..most)));
            let population: Vec<Row> = round.sample.iter().chain(more).cloned().collect();
            weighed = population.len();
            trace = among(&population)?;
        }
        let is_guilty = |name: &&String| guilty.iter().any(|row| row.member == **name);
        let named = trace.accused.iter().filter(is_guilty).count();
        Ok(Outcome {
            named: named > 0,
            weighed: weighed - guilty.len(),
            accused: trace.accused.len() - named,
        })
    }

    fn row(&self, at: usize, part: &Part, laws: &[SiteLaw], ways: &[Way]) -> RowStrength {
        let cell = |class: &LeakClass| {
            let mine = ways.iter().filter(|way| way.part == at && way.class == *class);
            mine.map(Way::cell).min_by(|a, b| a.share.total_cmp(&b.share))
        };
        let here = part.sites.iter().filter_map(|&site| laws.get(site)).map(|site| &site.law);
        RowStrength {
            file: part.file.clone(),
            sites: part.sites.len(),
            bits: super::joint_bits(here, 1),
            cells: self.leaks.iter().map(cell).collect(),
        }
    }
}

impl Way {
    fn cell(&self) -> Cell {
        Cell::new(self.named, self.trials, self.mix)
    }
}

fn names(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| format!("member-{number}")).collect()
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"forewarn mark strength v1");
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
