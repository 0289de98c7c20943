//! `forewarn-prove`: proofs about policies. `forewarn policy prove` runs it; it stands alone so that the compiler
//! to formulas stays out of everything else.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use policy::PolicySet;
use prove::{Kept, Outcome, Proof, Report};
use serde::Serialize;

/// A claim does not hold; the same code as of `forewarn verify`.
const UNSOUND: u8 = 3;

/// Width of a table that no terminal limits, in columns.
const PIPED_WIDTH: u16 = 120;

/// Proves what a set of policies promises, for every member, item and instant there could be
///
/// A claim that does not hold is shown with a scenario that `forewarn policy test` runs to the same release.
#[derive(Debug, Parser)]
#[command(name = "forewarn-prove", version, max_term_width = 110)]
#[command(after_help = "\
Example:
  forewarn policy prove
  forewarn policy prove mine.cedar --like deadline-aware
  forewarn policy prove default --add stricter.cedar --scenarios ./found

Exit codes: 0 all proved; 1 nothing could be proved; 2 the command line was not understood; 3 a claim does not hold.
The solver is cvc5, from the path or named by CVC5: apt-get install cvc5")]
struct Cli {
    /// default, deadline-aware, operators, or a file of Cedar policies; without one, the three that are shipped
    #[arg(value_name = "SET")]
    sets: Vec<String>,
    /// The shipped set whose promises a file is held to
    #[arg(long, value_enum, default_value = "default")]
    like: Like,
    /// A file of forbids to add to the set; proved besides: they permit no more than the set does without them
    #[arg(long, value_name = "FILE")]
    add: Option<PathBuf>,
    /// A folder for the scenarios of claims that do not hold
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Like {
    Default,
    DeadlineAware,
}

impl From<Like> for Kept {
    fn from(like: Like) -> Self {
        match like {
            Like::Default => Self::Default,
            Like::DeadlineAware => Self::DeadlineAware,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(UNSOUND),
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "forewarn-prove: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<bool> {
    let shipped = ["default", "deadline-aware", "operators"].map(String::from);
    let sets = if cli.sets.is_empty() { shipped.to_vec() } else { cli.sets.clone() };
    let mut done = Done::begin();
    for name in &sets {
        if name == "operators" {
            prove::prove_operators(&mut done).await?;
            continue;
        }
        let (set, kept) = load(name, cli.like.into())?;
        match &cli.add {
            None => prove::prove(&set, kept, None, &mut done).await?,
            Some(path) => prove::prove(&with(&set, path)?, kept, Some(&set), &mut done).await?,
        }
    }
    done.clear();
    if let Some(folder) = &cli.scenarios {
        write_all(folder, &done.proofs)?;
    }
    show(cli.json, &done.proofs)?;
    Ok(done.proofs.iter().all(|proof| proof.outcome == Outcome::Proved))
}

fn load(name: &str, like: Kept) -> anyhow::Result<(PolicySet, Kept)> {
    Ok(match name {
        "default" => (PolicySet::default_set()?, Kept::Default),
        "deadline-aware" => (PolicySet::deadline_aware()?, Kept::DeadlineAware),
        path => {
            let says = || {
                format!(
                    "`{path}` is neither `default`, `deadline-aware`, `operators` nor a file that can be read"
                )
            };
            (PolicySet::parse(path, &fs::read_to_string(path).with_context(says)?)?, like)
        }
    })
}

/// Adds a file's policies to a set.
fn with(set: &PolicySet, path: &Path) -> anyhow::Result<PolicySet> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).with_context(|| format!("`{shown}`"))?;
    // Alone first, so that a mistake is told with its own line.
    PolicySet::parse(&shown, &text)?;
    let base = set.cedar().to_cedar().context("a set holds a template")?;
    Ok(PolicySet::parse(&format!("{} with {shown}", set.name()), &format!("{base}\n{text}"))?)
}

/// Proofs so far, with a line for whoever waits.
struct Done {
    proofs: Vec<Proof>,
    since: Instant,
}

impl Done {
    fn begin() -> Self {
        Self { proofs: Vec::new(), since: now() }
    }

    fn clear(&self) {
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

impl Report for Done {
    fn lap(&mut self) -> f64 {
        let now = now();
        let lap = now.duration_since(self.since).as_secs_f64();
        self.since = now;
        lap
    }

    fn proof(&mut self, proof: Proof) {
        self.clear();
        if io::stderr().is_terminal() {
            let _ = write!(io::stderr().lock(), "{} {}: {}", proof.set, proof.theorem, word(&proof.outcome));
        }
        self.proofs.push(proof);
    }
}

#[expect(clippy::disallowed_methods, reason = "shown to a person; no proof depends on it")]
fn now() -> Instant {
    Instant::now()
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Proved => "proved",
        Outcome::Refuted { .. } => "REFUTED",
        Outcome::Unknown { .. } => "UNKNOWN",
    }
}

/// Writes the scenario of each claim that does not hold into a folder.
fn write_all(folder: &Path, proofs: &[Proof]) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("`{}`", folder.display()))?;
    for proof in proofs {
        if let Outcome::Refuted { scenario: Some(text), .. } = &proof.outcome {
            let set = Path::new(&proof.set).file_stem().unwrap_or_default().to_string_lossy();
            let path = folder.join(format!("{set}-{}.toml", proof.theorem.replace('/', "-")));
            fs::write(&path, format!("{}{text}", heading(proof)))
                .with_context(|| format!("`{}`", path.display()))?;
        }
    }
    Ok(())
}

fn heading(proof: &Proof) -> String {
    format!("# It does not hold in set `{}` that {}.\n#\n", proof.set, proof.says)
}

fn show(json: bool, proofs: &[Proof]) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Shown<'a> {
        proofs: &'a [Proof],
    }
    let mut out = io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string_pretty(&Shown { proofs })?)?;
        return Ok(());
    }
    let mut table = Table::new();
    let style = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    if !io::stdout().is_terminal() {
        table.set_width(PIPED_WIDTH);
    }
    table.set_header(["theorem", "set", "result", "seconds", "what it says"]);
    for Proof { theorem, set, says, outcome, seconds } in proofs {
        table.add_row([theorem, set, word(outcome), &format!("{seconds:.2}"), says]);
    }
    writeln!(out, "{table}")?;
    for proof in proofs {
        match &proof.outcome {
            Outcome::Proved => {}
            Outcome::Refuted { scenario: Some(text), says } => {
                writeln!(out, "\n{}# The policies say: {says}\n\n{text}", heading(proof))?;
            }
            Outcome::Refuted { scenario: None, says } | Outcome::Unknown { says } => {
                writeln!(out, "\n{}# {}", heading(proof), says.replace('\n', "\n# "))?;
            }
        }
    }
    Ok(())
}
