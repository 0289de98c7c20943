//! `--report`: a trace as a folder for somebody who does not believe it.

mod page;
mod readme;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Args, ValueEnum};
use engine::export::{new_folder, write};
use evidence::{
    Evidence, RowOpening, VERSION,
    file::{
        Biases, Commitment, Exhibit, Generator, Law, Log, Member, Reading, Scorer, Seen, Site, Symbol,
        Verdict,
    },
    sha256_hex,
};
use mark::{
    accuse::{self, Trace, bound, constant, factor, joint, tail},
    code::Codebook,
    master::{self, Master, SiteKind},
    reading,
};

use crate::output;
pub(crate) use page::page;

/// Names of the files in a report.
pub(crate) const EVIDENCE: &str = "evidence.json";
pub(crate) const PAGE: &str = "index.html";
pub(crate) const ROWS: &str = "rows";
pub(crate) const SUMS: &str = "SHA256SUMS";
const README: &str = "README.txt";

/// A report beside a trace.
#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Write the report and everything to check it without the key into a folder that is empty or not there
    #[arg(long, value_name = "DIR")]
    pub(crate) report: Option<PathBuf>,
    /// Whose rows the report opens; `all` opens the codebook of this release
    #[arg(long, value_enum, default_value_t = Open::Accused, requires = "report")]
    open: Open,
    /// Number the members that are not accused in the report instead of naming them
    #[arg(long, requires = "report")]
    pub(crate) anonymous: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Open {
    Accused,
    All,
}

/// What a report is made from.
pub(crate) struct Material<'a> {
    /// What was released, by name.
    pub(crate) package: String,
    /// What it was said to support.
    pub(crate) claim: Option<String>,
    pub(crate) exhibits: Vec<Exhibit>,
    pub(crate) master: &'a Master,
    pub(crate) codebook: &'a Codebook,
    pub(crate) members: &'a [String],
    pub(crate) reading: &'a reading::Reading,
    pub(crate) trace: &'a Trace,
    pub(crate) log: Option<Log>,
}

impl ReportArgs {
    /// Makes the folder, before anything is traced; without `--report` does nothing.
    pub(crate) fn prepare(&self) -> anyhow::Result<()> {
        ensure!(
            !(self.anonymous && self.open == Open::All),
            "`--anonymous` and `--open all` do not go together: a row names its member"
        );
        if let Some(folder) = &self.report {
            new_folder(folder)?;
        }
        Ok(())
    }

    /// Returns the members whose rows are opened.
    pub(crate) fn opened(&self, members: &[String], trace: &Trace) -> Vec<String> {
        let open = |member: &&String| self.open == Open::All || trace.accused.contains(member);
        members.iter().filter(open).cloned().collect()
    }

    /// Writes the folder; returns it, or `None` without `--report`.
    pub(crate) fn write(&self, material: Material<'_>) -> anyhow::Result<Option<&Path>> {
        let Some(folder) = self.report.as_deref() else { return Ok(None) };
        let opened = self.opened(material.members, material.trace);
        let rows: Vec<RowOpening> = opened.iter().map(|member| row(material.codebook, member)).collect();
        let evidence = evidence(material, self.anonymous)?;
        let mut files = vec![
            (EVIDENCE.to_owned(), evidence.to_json()?),
            (PAGE.to_owned(), page(&evidence, &rows)),
            (README.to_owned(), readme::text(&evidence, self.open == Open::All)),
        ];
        for row in &rows {
            let text = serde_json::to_string_pretty(row)? + "\n";
            files.push((format!("{ROWS}/{}.json", row.member), text));
        }
        files.sort();
        let mut sums = String::new();
        for (name, text) in &files {
            write(&folder.join(name), text.as_bytes())?;
            sums += &format!("{}  {name}\n", sha256_hex(text.as_bytes()));
        }
        write(&folder.join(SUMS), sums.as_bytes())?;
        Ok(Some(folder))
    }
}

/// Says where a report is and how to check it.
pub(crate) fn say(folder: &Path) {
    let folder = folder.display();
    output::say(format_args!(
        "report in `{folder}`: open index.html; `forewarn mark check-evidence {folder}` checks it"
    ));
}

fn evidence(material: Material<'_>, anonymous: bool) -> anyhow::Result<Evidence> {
    let Material { package, claim, exhibits, master, codebook, members, reading, trace, log } = material;
    let laws = mark::trace::laws(master, codebook);
    let own = accuse::own_log10_e(&laws, &mark::trace::rows(codebook, members), reading)?;
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let commitment = codebook.commitment(&names);
    let biases = codebook.bias_opening();
    let mut listed: Vec<Member> = trace
        .members
        .iter()
        .zip(own)
        .map(|(member, own)| Member {
            name: member.member.clone(),
            accused: trace.accused.contains(&member.member),
            own_log10_e: six(own),
            log10_e: six(member.log10_e),
            log10_p: six(member.p_value.log10()),
            given: member.given.clone(),
        })
        .collect();
    if anonymous {
        number(&mut listed);
    }
    let n = members.len();
    Ok(Evidence {
        version: VERSION.to_owned(),
        made_by: made_by(),
        package,
        claim,
        exhibits,
        verdict: match trace.verdict {
            accuse::Verdict::Attributed => Verdict::Attributed,
            accuse::Verdict::Inconclusive => Verdict::Inconclusive,
            accuse::Verdict::NotDerived => Verdict::NotDerived,
        },
        epsilon: trace.epsilon,
        log10_e_threshold: six(bound::ln_e_threshold(n, trace.epsilon) / std::f64::consts::LN_10),
        log10_p_threshold: six(bound::p_threshold(n, trace.epsilon).log10()),
        anonymous,
        members: listed,
        reading: Reading {
            reader: reading.reader.clone(),
            leak_sha256: reading.leak_sha256.clone(),
            aligned: serde_json::to_string(&reading.aligned)?,
            derived: reading.derived,
            sha256: sha256_hex(&serde_json::to_vec(reading)?),
            sites: sites(master, &laws, reading)?,
        },
        biases: Biases {
            ones: biases.ones.into_iter().map(|(id, one)| (id.0, one)).collect(),
            salt: biases.salt,
        },
        commitment: Commitment {
            root: commitment.root,
            site_map: commitment.site_map,
            bias: commitment.bias,
            rows: commitment.rows,
        },
        scorer: scorer(&trace.scorer),
        log,
    })
}

/// Returns the program and its version, as reports name it.
pub(crate) fn made_by() -> String {
    format!("forewarn {}", env!("CARGO_PKG_VERSION"))
}

/// Puts numbers, by strength, in the place of the names of members that are not accused.
fn number(members: &mut [Member]) {
    members.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    let names: Vec<(String, String)> = (members.iter().enumerate())
        .filter(|(_, member)| !member.accused)
        .map(|(at, member)| (member.name.clone(), format!("member {}", at + 1)))
        .collect();
    let renamed = |name: &mut String| {
        if let Some((_, number)) = names.iter().find(|(of, _)| of == name) {
            name.clone_from(number);
        }
    };
    for member in members {
        renamed(&mut member.name);
        member.given.iter_mut().for_each(renamed);
    }
}

fn sites(master: &Master, laws: &[accuse::SiteLaw], reading: &reading::Reading) -> anyhow::Result<Vec<Site>> {
    let mut sites = Vec::with_capacity(laws.len());
    for ((site, law), read) in master.sites.iter().zip(laws).zip(&reading.sites) {
        let seen = match &read.seen {
            reading::Seen::Erased => Seen::Erased,
            reading::Seen::Index(index) => Seen::Index(*index),
            reading::Seen::Tokens(tokens) => Seen::Tokens(tokens.clone()),
        };
        let law = match (law.law, &site.kind) {
            _ if seen == Seen::Erased => None,
            (accuse::Law::Binary { .. }, _) => Some(Law::Binary),
            (accuse::Law::Value { space }, SiteKind::Constant(generator)) => {
                let generator = match *generator {
                    master::Generator::Word(n) => Generator::Word(n),
                    master::Generator::Hex(n) => Generator::Hex(n),
                    master::Generator::Num(n) => Generator::Num(n),
                };
                Some(Law::Value { generator, space })
            }
            (_, SiteKind::Choice { q }) => Some(Law::Uniform { q: *q }),
            (_, SiteKind::Order { items, keep }) => {
                let arrangements = mark::arrange::arrangements(*items, *keep);
                let q = arrangements.and_then(|count| u32::try_from(count).ok());
                Some(Law::Uniform {
                    q: q.with_context(|| format!("site `{}` has too many arrangements", site.id.0))?,
                })
            }
            (law, kind) => anyhow::bail!("site `{}`: {kind:?} has no law {law:?}", site.id.0),
        };
        sites.push(Site { site: site.id.0.clone(), law, seen });
    }
    Ok(sites)
}

fn row(codebook: &Codebook, member: &str) -> RowOpening {
    let opened = codebook.row_opening(member);
    let symbol = |symbol| match symbol {
        master::Symbol::Index(index) => Symbol::Index(index),
        master::Symbol::Value(value) => Symbol::Value(value),
    };
    let symbols = opened.symbols.into_iter().map(|(site, own)| (site.0, symbol(own))).collect();
    RowOpening { member: opened.member, symbols, salt: opened.salt }
}

/// Spells the scorer's constants out, from the scorer.
fn scorer(version: &str) -> Scorer {
    let name = |strategy: factor::Strategy| {
        use factor::Strategy::{AllOnes, AllZeros, Coin, Interleave, Majority, Minority};
        match strategy {
            AllZeros => "all_zeros",
            AllOnes => "all_ones",
            Coin => "coin",
            Interleave => "interleave",
            Majority => "majority",
            Minority => "minority",
        }
        .to_owned()
    };
    let model = |model: &factor::Coalition| (model.colluders, name(model.strategy));
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Scorer {
        version: version.to_owned(),
        bank: factor::BANK.iter().map(model).collect(),
        pair_bank: joint::PAIR_BANK
            .iter()
            .map(|(m, weight)| (m.colluders, name(m.strategy), *weight))
            .collect(),
        triple_bank: joint::TRIPLE_BANK.iter().map(model).collect(),
        misread: factor::MISREAD,
        rho: constant::RHO,
        cap: constant::CAP,
        step: tail::STEP,
        weight_cap: tail::WEIGHT_CAP,
        scores: bound::SCORES,
        screen: whole(joint::SCREEN),
        triples: whole(joint::TRIPLES),
        rounding_nats: bound::ROUNDING_NATS,
    }
}

/// Rounds to the six decimals that a report has; never to a negative nought.
fn six(number: f64) -> f64 {
    (number * 1e6).round() / 1e6 + 0.0
}
