//! `forewarn mark simulate`: how often a leaker is named and an innocent accused, over many drawn leaks.

use std::{
    num::NonZero,
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use anyhow::{Context as _, anyhow, ensure};
use clap::{Args, ValueEnum};
use engine::progress::Progress as _;
use mark::{
    accuse::{AccuseError, factor::Strategy},
    code::Bias,
    simulate::{
        DETECTION_EPSILON, FALSE_ACCUSATION_EPSILONS, Origin, Outcome, Setting, detection, false_accusations,
    },
};
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use serde::Serialize;

use crate::{
    args::Common,
    output::{self, Bar},
};

/// Simulate leaks.
#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Run the settings that the README quotes instead of one of your own
    #[arg(long, value_enum, conflicts_with_all = ["members", "sites", "colluders", "strategy", "erased", "misread", "epsilon"])]
    standard: Option<Standard>,
    /// Members with a copy
    #[arg(long, default_value_t = 100)]
    members: usize,
    /// Sites of two variants
    #[arg(long, default_value_t = 128)]
    sites: usize,
    /// How many members mix their copies; the code is made for that many
    #[arg(long, default_value_t = 1)]
    colluders: u32,
    /// What they do where their copies differ; every strategy in turn when not given
    #[arg(long, value_enum)]
    strategy: Option<Mix>,
    /// Share of the sites that the leak does not show, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    erased: f64,
    /// Share of the sites that are read wrong, 0 to 1
    #[arg(long, default_value_t = 0.0)]
    misread: f64,
    /// The bound on accusing any innocent member; may be given several times
    #[arg(long, default_values_t = [1e-6])]
    epsilon: Vec<f64>,
    /// Leaks to draw in each setting
    #[arg(long, default_value_t = 200)]
    leaks: u64,
    /// Equal seeds draw equal leaks
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Settings with published figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Standard {
    /// How often a leaker is named, worst of all strategies
    Detection,
    /// How often an innocent is accused
    FalseAccusation,
}

/// A coalition's strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// Each site from a copy chosen at random
    Interleave,
    /// What most copies have
    Majority,
    /// What fewest copies have
    Minority,
    /// The first variant wherever any copy has it
    AllZeros,
    /// The second variant wherever any copy has it
    AllOnes,
    /// A coin
    Coin,
}

/// A setting's rates at one ε.
#[derive(Debug, Serialize)]
struct Rates {
    #[serde(flatten)]
    setting: Setting,
    epsilon: f64,
    leaks: u64,
    /// Leaks in which a colluder was named.
    named: u64,
    /// Leaks in which an innocent was accused.
    wrong: u64,
    /// What the least rate over the strategies should reach, where a figure is published.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<f64>,
}

pub(super) fn simulate(common: &Common, args: &SimulateArgs) -> anyhow::Result<()> {
    for (name, share) in [("erased", args.erased), ("misread", args.misread)] {
        ensure!((0.0..=1.0).contains(&share), "--{name} `{share}` is no share: give a number from 0 to 1");
    }
    ensure!(
        usize::try_from(args.colluders).is_ok_and(|colluders| colluders <= args.members),
        "{} colluders of {} members: give at most as many as there are members",
        args.colluders,
        args.members
    );
    let (settings, epsilons) = match args.standard {
        Some(Standard::Detection) => {
            let target = |target: mark::simulate::Target| {
                target.settings.into_iter().map(move |setting| (setting, Some(target.least)))
            };
            (detection().into_iter().flat_map(target).collect(), vec![DETECTION_EPSILON])
        }
        Some(Standard::FalseAccusation) => (
            false_accusations().into_iter().map(|setting| (setting, None)).collect(),
            FALSE_ACCUSATION_EPSILONS.to_vec(),
        ),
        None => {
            (own_settings(args).into_iter().map(|setting| (setting, None)).collect(), args.epsilon.clone())
        }
    };
    let settings: Vec<(Setting, Option<f64>)> = settings;
    let bar = Bar::new();
    bar.begin("simulating leaks", args.leaks * settings.len() as u64);
    let mut rates = Vec::new();
    for (number, (setting, target)) in settings.into_iter().enumerate() {
        let counts = run(&setting, &epsilons, args.leaks, args.seed.wrapping_add(number as u64), &bar)?;
        for (epsilon, (named, wrong)) in epsilons.iter().zip(counts) {
            rates.push(Rates { setting, epsilon: *epsilon, leaks: args.leaks, named, wrong, target });
        }
    }
    bar.end();
    tell(common, &rates)
}

fn own_settings(args: &SimulateArgs) -> Vec<Setting> {
    let strategies = match args.strategy {
        Some(strategy) => vec![strategy.into()],
        // All strategies of a lone leaker are one.
        None if args.colluders <= 1 => vec![Strategy::Interleave],
        None => Strategy::ALL.to_vec(),
    };
    let setting = |strategy| Setting {
        members: args.members,
        sites: args.sites,
        bias: Bias::for_colluders(args.colluders),
        origin: if args.colluders == 0 { Origin::Unrelated } else { Origin::Mixed(strategy) },
        colluders: args.colluders as usize,
        erased: args.erased,
        misread: args.misread,
    };
    strategies.into_iter().map(setting).collect()
}

/// Draws a setting's leaks on all cores; returns for each ε how many named a colluder, and an innocent.
///
/// A leak's randomness depends on the seed and its number alone, so the counts do not depend on the cores.
fn run(
    setting: &Setting,
    epsilons: &[f64],
    leaks: u64,
    seed: u64,
    bar: &Bar,
) -> anyhow::Result<Vec<(u64, u64)>> {
    let next = AtomicU64::new(0);
    let work = || -> Result<Vec<(u64, u64)>, AccuseError> {
        let mut counts = vec![(0, 0); epsilons.len()];
        loop {
            let leak = next.fetch_add(1, Ordering::Relaxed);
            if leak >= leaks {
                return Ok(counts);
            }
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            rng.set_stream(leak);
            for ((named, wrong), outcome) in counts.iter_mut().zip(setting.leak(epsilons, &mut rng)?) {
                let Outcome { named: found, wrong: innocent } = outcome;
                *named += u64::from(found);
                *wrong += u64::from(innocent);
            }
            bar.step(1);
        }
    };
    thread::scope(|scope| {
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut sums = vec![(0, 0); epsilons.len()];
        for worker in workers {
            let counts = worker.join().map_err(|_| anyhow!("a simulation stopped; report this"))?;
            for ((named, wrong), (more_named, more_wrong)) in
                sums.iter_mut().zip(counts.context("the setting cannot be simulated")?)
            {
                *named += more_named;
                *wrong += more_wrong;
            }
        }
        Ok(sums)
    })
}

fn tell(common: &Common, rates: &[Rates]) -> anyhow::Result<()> {
    let share = |count: u64, of: u64| format!("{:.4}", count as f64 / of.max(1) as f64);
    let rows = rates.iter().map(|rate| {
        let Rates { setting, epsilon, leaks, named, wrong, target } = rate;
        vec![
            match setting.origin {
                Origin::Mixed(strategy) if setting.colluders > 1 => format!("{strategy:?}").to_lowercase(),
                Origin::Mixed(_) => "one copy".to_owned(),
                Origin::Canonicalised => "canonicalised".to_owned(),
                Origin::Unrelated => "unrelated text".to_owned(),
                Origin::Any => "any".to_owned(),
            },
            setting.colluders.to_string(),
            setting.sites.to_string(),
            format!("{:?}", setting.bias).to_lowercase(),
            format!("{:.0} %", setting.erased * 100.0),
            format!("{:.0} %", setting.misread * 100.0),
            format!("{epsilon:.0e}"),
            target.map_or(share(*named, *leaks), |target| {
                format!("{} (at least {target})", share(*named, *leaks))
            }),
            format!("{} ({wrong} of {leaks})", share(*wrong, *leaks)),
        ]
    });
    output::table(
        common.json,
        &rates,
        &["leak", "colluders", "sites", "law", "erased", "misread", "ε", "leaker named", "innocent accused"],
        rows,
    )
}

impl From<Mix> for Strategy {
    fn from(mix: Mix) -> Self {
        match mix {
            Mix::Interleave => Strategy::Interleave,
            Mix::Majority => Strategy::Majority,
            Mix::Minority => Strategy::Minority,
            Mix::AllZeros => Strategy::AllZeros,
            Mix::AllOnes => Strategy::AllOnes,
            Mix::Coin => Strategy::Coin,
        }
    }
}
