//! `forewarn mark`: the mark engine alone, without a program.

mod capture;
mod check;
mod declared;
mod hunt;
mod propose;
pub(crate) mod report;
mod simulate;
mod strength;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use engine::{
    Entropy, claim,
    exhibit::{self, Leaked, Texts},
    export::{new_folder, write},
    keys::{KeyFileError, MarkKey, read_as, write_secret},
    progress::Progress as _,
};
use evidence::file::Exhibit;
use mark::{
    accuse::{MemberEvidence, SiteCount, Verdict},
    code::{Bias, Codebook},
    kinds::check::Checker,
    master::Master,
    read::LeakFile,
    reading::ErasedChannel,
    strength::Plan,
    syntax::{Severity, SourceFile},
};
use program::id::MemberId;
use serde::Serialize;

use crate::{
    args::Common,
    case::count,
    output::{self, Bar, FAILED},
    sighting,
};
use declared::Declared;

/// Use the mark engine alone.
#[derive(Debug, Subcommand)]
pub(crate) enum MarkVerb {
    /// Make a mark key; the marks of every copy follow from it
    #[command(after_help = "\
Example:
  forewarn mark keygen release.key
  forewarn mark keygen release.key --colluders 3

Keep it as long as leaks may turn up: whoever has it can make everybody's copies, and nobody can trace without it.")]
    Keygen {
        /// The file to write, readable by you only
        key: PathBuf,
        /// How many members who mix their copies the marks are made for; from 3 on a lone leaker needs more sites
        #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
        colluders: u32,
    },
    /// Check a package's markup: errors and warnings at file:line:column
    #[command(after_help = "\
Example:
  forewarn mark lint ./package
  forewarn mark lint ./package --json

Errors keep a package from being rendered, and the exit code is 1; warnings are yours to weigh.")]
    Lint {
        /// A folder; every file in it is an item
        package: PathBuf,
    },
    /// Propose places that could be marked; accept them one by one
    #[command(after_help = "\
Example:
  forewarn mark propose ./package --file advisory.md
  forewarn mark propose ./package --accept all --tier A
  forewarn mark propose ./package --interactive

Nothing is written without --accept or --interactive. About one in eight proposals is wrong in its sentence:
read each in its context, and lint afterwards.")]
    Propose(propose::ProposeArgs),
    /// Measure whom leaks of a package would name: every file, every kind of leak
    #[command(after_help = "\
Example:
  forewarn mark strength ./package --members 100 --colluders 2 --html strength.html

Copies for test members are rendered, leaked, read and traced as a real leak is, again and again. Nothing of a
real release is touched, and no key is needed.")]
    Strength(strength::StrengthArgs),
    /// Render every member's copies of a package
    #[command(after_help = "\
Example:
  forewarn mark keygen release.key
  forewarn mark render ./package --key release.key --members members.txt --out ./copies

A package whose sites cannot support what is asked for is refused, with what to add. `--weaker-claim` renders it all
the same; the reason goes into claim.json beside the copies and into every report of `mark trace`.")]
    Render(RenderArgs),
    /// Trace leaked files to the member whose copy they derive from
    #[command(after_help = "\
Example:
  forewarn mark trace ./package --key release.key --members members.txt paste.txt --json
  forewarn mark trace ./package --key release.key --members members.txt paste.txt --report ./report

Verdicts: attributed, inconclusive, not_derived. All three are answers, so the exit code is 0.")]
    Trace(TraceArgs),
    /// Check a trace's report without the key: every number, commitment and symbol again
    #[command(after_help = "\
Example:
  forewarn mark check-evidence ./report
  forewarn mark check-evidence ./report --row ./bolt.json

The check shares no code with what traced. Exit code 3 when something differs, and 4 when nothing does and an
accusation rests on rows that are not there; what is missing is named.")]
    CheckEvidence(check::CheckArgs),
    /// Hunt for members' values in logs, listings, captures: one pass, any size
    #[command(after_help = "\
Example:
  forewarn mark hunt ./package --key release.key --members members.txt access.log capture.pcap --json

Outcomes: attributed, inconclusive, nothing_found. All three are answers, so the exit code is 0. One hunt is
one look: hunt through everything at once, or split epsilon.")]
    Hunt(hunt::HuntArgs),
    /// Simulate leaks of a code: how often a leaker is named, and how often an innocent is accused
    #[command(after_help = "\
Example:
  forewarn mark simulate --members 100 --sites 128 --colluders 2 --erased 0.5
  forewarn mark simulate --standard false-accusation --leaks 20000

Codes are drawn, not a package: `forewarn mark strength` tells how a package's own text behaves.")]
    Simulate(simulate::SimulateArgs),
}

/// A package with its key and its members.
#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// A folder; every file in it is an item
    package: PathBuf,
    /// The mark key; use a fresh one for every package
    #[arg(long)]
    key: PathBuf,
    /// A file with one member id a line: everybody who gets a copy
    #[arg(long)]
    members: PathBuf,
}

/// What the copies were rendered to support.
#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    /// The claim.json of these copies, if it lies neither beside the key nor beside what was found
    #[arg(long, value_name = "FILE")]
    claim: Option<PathBuf>,
}

/// Render copies.
#[derive(Debug, Args)]
pub(crate) struct RenderArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// A folder that is empty or not there; it gets a folder a member
    #[arg(long)]
    out: PathBuf,
    /// How many members together the marks must withstand [default: as the key was made for, else 1]
    #[arg(long, value_name = "C")]
    colluders: Option<u32>,
    /// The bound on accusing any innocent member that the marks must reach [default: 1e-6]
    #[arg(long, allow_hyphen_values = true)]
    epsilon: Option<f64>,
    /// Render a package that cannot do this all the same, and say why; written into every report
    #[arg(long, value_name = "REASON", num_args = 0..=1, default_missing_value = "no reason was given")]
    weaker_claim: Option<String>,
}

/// Trace a leak.
#[derive(Debug, Args)]
pub(crate) struct TraceArgs {
    #[command(flatten)]
    release: ReleaseArgs,
    /// What leaked: texts, PDFs, folders or zip archives, read together as one leak (at most 4 MiB of text)
    #[arg(required = true)]
    leak: Vec<PathBuf>,
    /// The bound on accusing any innocent member
    #[arg(long, default_value_t = 1e-6, allow_hyphen_values = true)]
    epsilon: f64,
    #[command(flatten)]
    claim: ClaimArgs,
    #[command(flatten)]
    report: report::ReportArgs,
}

/// Members up to which a rendering is a trial of the author's, who looks at a few copies: nothing is claimed
/// unless it is asked for.
const TRIAL: usize = 10;
/// The bound on accusing any innocent member where no other is asked for.
const EPSILON: f64 = 1e-6;
/// Name under which a key's single release is derived.
const RELEASE: &str = "package";

pub(crate) fn run(common: &Common, verb: MarkVerb) -> anyhow::Result<ExitCode> {
    match verb {
        MarkVerb::Keygen { key, colluders } => {
            let made = MarkKey::from_random(Entropy::System.bytes()).for_colluders(colluders);
            write_secret(&key, &made.to_key_file())?;
            if common.json {
                output::json(&serde_json::json!({ "key": key }))?;
            } else {
                output::say(format_args!(
                    "wrote a mark key to `{}`; keep it as long as leaks may turn up",
                    key.display()
                ));
            }
            Ok(ExitCode::SUCCESS)
        }
        MarkVerb::Lint { package } => lint(common, &package),
        MarkVerb::Propose(args) => propose::run(common, &args).map(|()| ExitCode::SUCCESS),
        MarkVerb::Strength(args) => strength::strength(common, &args).map(|()| ExitCode::SUCCESS),
        MarkVerb::Render(args) => render(common, &args).map(|()| ExitCode::SUCCESS),
        MarkVerb::Trace(args) => trace(common, &args).map(|()| ExitCode::SUCCESS),
        MarkVerb::CheckEvidence(args) => check::check(common, &args),
        MarkVerb::Hunt(args) => hunt::hunt(common, &args).map(|()| ExitCode::SUCCESS),
        MarkVerb::Simulate(args) => simulate::simulate(common, &args).map(|()| ExitCode::SUCCESS),
    }
}

fn lint(common: &Common, package: &Path) -> anyhow::Result<ExitCode> {
    let sources = sources(package)?;
    let problems = match Master::parse(&sources) {
        Ok(master) => mark::lint::lint(&master, &sources),
        Err(problems) => problems,
    };
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if common.json {
        output::json(&problems)?;
    } else {
        problems.iter().for_each(output::say);
        let warnings = problems.len() - errors;
        output::say(format_args!("{}, {}", count(errors, "error"), count(warnings, "warning")));
    }
    Ok(if errors == 0 { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

struct Release {
    master: Master,
    codebook: Codebook,
    members: Vec<String>,
    /// How many members together the key makes marks for.
    colluders: u32,
}

impl Release {
    /// Reads the claim that was named or lies beside the key or the leak; without one, weighs the package.
    fn claim(
        &self,
        args: &ClaimArgs,
        key: &Path,
        leak: &[PathBuf],
        epsilon: f64,
    ) -> anyhow::Result<Declared> {
        if let Some(claim) = Declared::find(args.claim.as_deref(), key, leak, &self.master)? {
            return Ok(claim);
        }
        let plan = self.plan(claim::withstood(self.colluders), epsilon)?;
        Ok(Declared::new(&self.master, &plan, Some("no claim.json was given")))
    }

    /// Weighs the package's sites against what is asked of them.
    fn plan(&self, colluders: u32, epsilon: f64) -> anyhow::Result<Plan> {
        let laws = mark::trace::laws(&self.master, &self.codebook);
        Ok(claim::weigh(&laws, self.members.len(), colluders, epsilon)?)
    }
}

fn load(args: &ReleaseArgs) -> anyhow::Result<Release> {
    let key = read_as(&args.key, MarkKey::parse).map_err(|error| match error {
        KeyFileError::Missing(path) => anyhow!(
            "key file `{}` is missing: give the key that the copies were or will be rendered with; `forewarn mark keygen` makes one for a new package",
            path.display()
        ),
        other => other.into(),
    })?;
    let members = members(&args.members)?;
    let master = engine::master::parse(&sources(&args.package)?)?;
    let bias = Bias::for_colluders(key.colluders());
    let codebook = Codebook::biased(&key.release(RELEASE), &master, bias);
    Ok(Release { master, codebook, members, colluders: key.colluders() })
}

fn render(common: &Common, args: &RenderArgs) -> anyhow::Result<()> {
    let release = load(&args.release)?;
    let colluders = args.colluders.unwrap_or(claim::withstood(release.colluders));
    let plan = release.plan(colluders, args.epsilon.unwrap_or(EPSILON))?;
    let Release { master, codebook, members, .. } = release;
    let weaker = args.weaker_claim.as_deref().map(str::trim);
    ensure!(weaker != Some(""), "a weaker claim needs its reason in words");
    let trial = members.len() < TRIAL && args.colluders.is_none() && args.epsilon.is_none();
    match (plan.missing(), weaker) {
        (Some(missing), None) if trial => output::aside(format_args!("{missing}; a trial for few members")),
        (Some(missing), None) => bail!(
            "{missing}; it supports {}: `--weaker-claim REASON` renders it all the same, and `forewarn mark strength` says more",
            plan.supported()
        ),
        _ => {}
    }
    let claim = Declared::new(&master, &plan, weaker);
    let bar = Bar::new();
    // Every copy before the first file: half a set of copies would invite handing it out.
    let mut checker = Checker::new(&master);
    bar.begin("checking copies", members.len() as u64);
    for member in &members {
        checker.check(&codebook.codeword(member)).context("no copy was written")?;
        bar.step(1);
    }
    bar.end();
    new_folder(&args.out)?;
    bar.begin("rendering copies", members.len() as u64);
    for member in &members {
        for file in mark::render::render(&master, &codebook.codeword(member)) {
            write(&args.out.join(member).join(&file.path), file.text.as_bytes())?;
        }
        bar.step(1);
    }
    bar.end();
    // What is not less than was asked for follows from the package and needs no file.
    if weaker.is_some() {
        claim.write(&args.out)?;
    }
    #[derive(Serialize)]
    struct Rendered {
        members: usize,
        files: usize,
        sites: usize,
        /// Root of the commitment to the codebook: known before a leak, it shows that nothing was fitted to it.
        root: String,
        claim: Declared,
    }
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let root = codebook.commitment(&names).root;
    let (files, sites) = (master.files.len(), master.sites.len());
    let done = Rendered { members: members.len(), files, sites, root, claim };
    if common.json {
        return output::json(&done);
    }
    output::say(format_args!(
        "rendered {} for {}, {} each",
        count(done.files, "file"),
        count(done.members, "member"),
        count(done.sites, "site")
    ));
    if weaker.is_some() {
        let file = args.out.join(declared::FILE);
        output::say(format_args!("{} (`{}`; keep it with the key)", done.claim.says, file.display()));
    }
    output::say(format_args!("root of the commitment, to be shown before a leak: {}", done.root));
    if done.sites == 0 {
        output::aside("the package has no marks: all copies are equal, and no leak can be traced");
    }
    Ok(())
}

/// What a trace says, as JSON.
#[derive(Serialize)]
struct Traced<'a> {
    verdict: Verdict,
    accused: Vec<&'a MemberEvidence>,
    epsilon: f64,
    sites: SiteCount,
    population: usize,
    /// Members whose evidence was computed; of the others a bound shows that none could be accused.
    weighed: usize,
    threshold_log10_e: f64,
    reader: &'a str,
    scorer: &'a str,
    leak_sha256: &'a str,
    claim: Declared,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    erased_channels: &'a [ErasedChannel],
    members: &'a [MemberEvidence],
}

fn trace(common: &Common, args: &TraceArgs) -> anyhow::Result<()> {
    let release = load(&args.release)?;
    ensure!(
        !release.master.sites.is_empty(),
        "`{}` has no marks: all its copies are equal, and no leak can be traced; is it the marked package?",
        args.release.package.display()
    );
    let claim = release.claim(&args.claim, &args.release.key, &args.leak, args.epsilon)?;
    let Release { master, codebook, members, .. } = release;
    let Texts { files, skipped } = exhibit::read(&args.leak)?;
    skipped.iter().map(sighting::skipped).for_each(output::aside);
    let exhibit =
        |leaked: &Leaked| Exhibit { name: leaked.file.path.clone(), sha256: leaked.sha256.to_string() };
    let exhibits: Vec<Exhibit> = files.iter().map(exhibit).collect();
    let leak: Vec<LeakFile> = files.into_iter().map(|leaked| leaked.file).collect();
    args.report.prepare()?;
    // A report holds everybody's evidence.
    let many = members.len() > mark::trace::MANY && args.report.report.is_none();
    let weigh = if many { mark::trace::trace_many } else { mark::trace::trace };
    let (reading, trace) = weigh(&master, &codebook, &members, &leak, args.epsilon)?;
    let written = args.report.write(report::Material {
        package: args.release.package.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        claim: Some(claim.says.clone()),
        exhibits,
        master: &master,
        codebook: &codebook,
        members: &members,
        reading: &reading,
        trace: &trace,
        log: None,
    })?;
    let accused: Vec<&MemberEvidence> =
        trace.members.iter().filter(|member| trace.accused.contains(&member.member)).collect();
    let threshold =
        mark::accuse::bound::ln_e_threshold(members.len(), trace.epsilon) / std::f64::consts::LN_10;
    let said = Traced {
        verdict: trace.verdict,
        accused,
        epsilon: trace.epsilon,
        sites: trace.sites,
        population: members.len(),
        weighed: trace.members.len(),
        threshold_log10_e: threshold,
        reader: &reading.reader,
        scorer: &trace.scorer,
        leak_sha256: &reading.leak_sha256,
        claim,
        erased_channels: &reading.erased_channels,
        members: &trace.members,
    };
    if common.json {
        return output::json(&said);
    }
    tell(&said);
    if let Some(folder) = written {
        report::say(folder);
    }
    Ok(())
}

fn tell(said: &Traced<'_>) {
    output::say(match said.verdict {
        Verdict::Attributed => "attributed: the leak derives from the copy of",
        Verdict::Inconclusive => {
            "inconclusive: the leak derives from this package; whose copy cannot be said"
        }
        Verdict::NotDerived => "not derived: nothing shows that the leak comes from this package",
    });
    for accused in &said.accused {
        output::say(format_args!(
            "  {}: evidence 10^{:.1} (accuses from 10^{:.1}); an innocent scores as high with probability at most {:.1e}",
            accused.member, accused.log10_e, said.threshold_log10_e, accused.p_value
        ));
    }
    output::say(format_args!(
        "{} of {} sites read; the chance that any innocent of {} is accused is at most {:.1e}",
        said.sites.read, said.sites.total, said.population, said.epsilon
    ));
    if said.weighed < said.population {
        output::say(format_args!(
            "{} members weighed in full; a bound shows of the other {} that none could be accused",
            said.weighed,
            said.population - said.weighed
        ));
    }
    said.erased_channels.iter().map(left_out).for_each(output::say);
    output::say(&said.claim.says);
}

/// Says why a channel was left out of a reading.
pub(crate) fn left_out(channel: &ErasedChannel) -> String {
    let file = channel.file.as_ref().map_or_else(String::new, |file| format!(" in `{file}`"));
    format!("left out: {}{file}: {}", channel.channel, channel.reason)
}

/// Reads a package's folder.
pub(crate) fn sources(package: &Path) -> anyhow::Result<Vec<SourceFile>> {
    ensure!(
        package.is_dir(),
        "`{}` is not a folder: a package is a folder, every file in it an item",
        package.display()
    );
    let mut sources = Vec::new();
    for (path, bytes) in files(package)? {
        let text = String::from_utf8(bytes).map_err(|_| engine::StepError::NotText(package.join(&path)))?;
        sources.push(SourceFile { path, text });
    }
    ensure!(
        !sources.is_empty(),
        "`{}` holds no file: put the items of the package into it",
        package.display()
    );
    Ok(sources)
}

/// Reads a file, or every file below a folder, by its name there, in order.
fn files(root: &Path) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
    let fail = |path: &Path| format!("`{}`", path.display());
    let mut found = Vec::new();
    if !root.is_dir() {
        let name = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        found.push((name, fs::read(root).with_context(|| fail(root))?));
        return Ok(found);
    }
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| fail(&folder))? {
            let path = entry.with_context(|| fail(&folder))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            let bytes = fs::read(&path).with_context(|| fail(&path))?;
            found.push((name, bytes));
        }
    }
    found.sort();
    Ok(found)
}

/// Reads a list of members: one id a line, blank lines and `#` comments apart.
fn members(path: &Path) -> anyhow::Result<Vec<String>> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    let mut seen = BTreeSet::new();
    let mut members = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let id = line.trim();
        if id.is_empty() || id.starts_with('#') {
            continue;
        }
        let at = || format!("`{}`, line {}", path.display(), number + 1);
        id.parse::<MemberId>().with_context(at)?;
        if !seen.insert(id) {
            bail!("{}: member `{id}` is there twice; list each member once", at());
        }
        members.push(id.to_owned());
    }
    ensure!(!members.is_empty(), "`{}` names no member: write one id a line", path.display());
    Ok(members)
}
