//! `forewarn mark strength`: whom leaks of a package would name.

mod html;

use std::{io::IsTerminal as _, path::PathBuf};

use anyhow::Context as _;
use clap::Args;
use comfy_table::{Cell as Field, Color, LineStyle, Table, TableStyle};
use engine::progress::Progress as _;
use mark::{
    master::Master,
    strength::{Cell, Claim, LeakClass, Meter, Settings, Strength},
};

use super::sources;
use crate::{
    args::Common,
    case::count,
    output::{self, Bar},
};

/// Measure a package.
#[derive(Debug, Args)]
pub(crate) struct StrengthArgs {
    /// A folder; every file in it is an item
    package: PathBuf,
    /// How many members get a copy
    #[arg(long, value_name = "N")]
    members: usize,
    /// How many members together the marks must withstand
    #[arg(long, value_name = "C", default_value_t = 1)]
    colluders: u32,
    /// The bound on accusing any innocent member that the marks must reach
    #[arg(long, default_value_t = 1e-6, allow_hyphen_values = true)]
    epsilon: f64,
    /// How many leaks of a kind are tried at most; fewer where the answer is clear
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u32).range(12..=100_000))]
    trials: u32,
    /// Where the randomness comes from; the same seed measures the same
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Write a page with a heat map, too: one file, no scripts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Below this share of leaks that name somebody guilty, a file is as good as unmarked.
const UNATTRIBUTABLE: f64 = 0.5;
/// From this share on it is strong.
const STRONG: f64 = 0.95;

/// Columns after which the legend breaks.
const LEGEND: usize = 110;

/// How strong a cell is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Band {
    Unattributable,
    Weak,
    Strong,
}

impl Band {
    fn of(cell: &Cell) -> Self {
        match cell.share {
            share if share < UNATTRIBUTABLE => Self::Unattributable,
            share if share < STRONG => Self::Weak,
            _ => Self::Strong,
        }
    }

    /// What stands beside the number, for those who see no colour.
    fn sign(self) -> &'static str {
        match self {
            Self::Unattributable => "!!",
            Self::Weak => "!",
            Self::Strong => "",
        }
    }
}

pub(super) fn strength(common: &Common, args: &StrengthArgs) -> anyhow::Result<()> {
    let master = engine::master::parse(&sources(&args.package)?)?;
    let strength = measure(&master, args)?;
    if let Some(path) = &args.html {
        let name = args.package.file_name().unwrap_or(args.package.as_os_str()).to_string_lossy();
        let page = html::page(&name, &strength);
        std::fs::write(path, page).with_context(|| format!("`{}`", path.display()))?;
    }
    if common.json {
        return output::json(&strength);
    }
    tell(&strength);
    Ok(())
}

fn measure(master: &Master, args: &StrengthArgs) -> anyhow::Result<Strength> {
    let claim =
        Claim { members: args.members, colluders: args.colluders, epsilon: args.epsilon, erased: 0.0 };
    let meter = Meter::new(master, Settings { claim, trials: args.trials, seed: args.seed })?;
    let bar = Bar::new();
    bar.begin("leaking and tracing test copies", meter.steps());
    let strength = meter.measure(&mut |steps| bar.step(steps))?;
    bar.end();
    Ok(strength)
}

fn tell(strength: &Strength) {
    output::say(summary(strength));
    let mut table = Table::new();
    let style = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));
    table.load_style(style);
    let headings = strength.leaks.iter().map(|leak| short(*leak));
    table.set_header(std::iter::once("% named of".to_owned()).chain(headings));
    for row in &strength.rows {
        let name = Field::new(row.file.as_deref().unwrap_or("the whole package"));
        table.add_row(std::iter::once(name).chain(row.cells.iter().map(|cell| field(cell.as_ref()))));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 1));
    }
    output::say(&table);
    output::say("!! below 50 %: such a leak names nobody, as a rule; ! below 95 %; - cannot leak so.");
    output::say(legend(&strength.leaks));
    output::say(innocents(strength));
    if strength.advice.is_empty() {
        output::say("Nothing needs to be added.");
    } else {
        output::say("\nWhat to add to fix it:");
        strength.advice.iter().for_each(|advice| output::say(format_args!("- {}", advice.says)));
    }
}

fn field(cell: Option<&Cell>) -> Field {
    let Some(cell) = cell else { return Field::new("-") };
    let band = Band::of(cell);
    let field = Field::new(format!("{:.0}{}", 100.0 * cell.share, band.sign()));
    match band {
        _ if !std::io::stdout().is_terminal() => field,
        Band::Unattributable => field.fg(Color::Red),
        Band::Weak => field.fg(Color::Yellow),
        Band::Strong => field,
    }
}

/// Says what was asked and what the sites promise.
fn summary(strength: &Strength) -> String {
    let plan = &strength.plan;
    let sites = plan.sites;
    let floor = match plan.missing() {
        Some(missing) => format!("Below the floor: {missing}."),
        None => format!(
            "The floor of {} among {} members is {:.0} bits; the sites hold {:.0}.",
            plan.claim.says(),
            plan.claim.members,
            plan.need_bits.ceil(),
            plan.have_bits
        ),
    };
    format!(
        "{} of two symbols, {} of more, {}. {floor}",
        count(sites.binary, "site"),
        sites.many,
        count(sites.values, "generated value")
    )
}

fn innocents(strength: &Strength) -> String {
    format!(
        "{} traced, seed {}; innocents accused: {} of {} weighed.",
        count(usize::try_from(strength.traces).unwrap_or(usize::MAX), "leak"),
        strength.seed,
        strength.innocents_accused,
        strength.innocents_weighed
    )
}

/// A heading of a few letters.
fn short(leak: LeakClass) -> String {
    match leak {
        LeakClass::Verbatim => "as is".into(),
        LeakClass::Paste => "paste".into(),
        LeakClass::Reformat => "reform".into(),
        LeakClass::Excerpt => "30 %".into(),
        LeakClass::Shuffle => "shuffle".into(),
        LeakClass::Noise => "noise".into(),
        LeakClass::Reproduction => "PoC".into(),
        LeakClass::Rule => "rule".into(),
        LeakClass::Traffic => "traffic".into(),
        LeakClass::Mix(members) => format!("{members} mix"),
        LeakClass::CutMix(members) => format!("{members} cut"),
    }
}

/// Says what the headings stand for.
fn legend(leaks: &[LeakClass]) -> String {
    let said: Vec<String> = leaks.iter().map(|leak| format!("{}: {}", short(*leak), leak.says())).collect();
    let mut lines = vec![String::new()];
    for part in &said {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(part),
            Some(line) if line.chars().count() + part.chars().count() < LEGEND => {
                line.push_str("; ");
                line.push_str(part);
            }
            _ => lines.push(part.clone()),
        }
    }
    lines.join("\n")
}
