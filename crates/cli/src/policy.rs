//! `forewarn policy`: the rules themselves, and what they would say.

mod versions;

use std::{fs, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args, Subcommand};
use policy::{PolicySet, Prospect, Row, Scenario};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Read the policies, check a set, try one on a scenario or on what is under way.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyVerb {
    /// List the policies of a set, each with its sentence
    List(SetArgs),
    /// Check a set against the schema
    Check(SetArgs),
    /// Decide for every member and item of a scenario; no program is needed
    #[command(after_help = "\
Example:
  forewarn policy test what-if.toml
  forewarn policy test what-if.toml --set deadline-aware --json

A scenario names an instant, the public instant, tiers, members with their facts, and items:
  now    = 2026-12-01T00:00:00Z
  public = 2026-12-08T18:00:00Z
  [[tier]]
  id = \"entry\"
  lead = \"24h\"
  classes = [\"notice\", \"advisory\", \"detection\"]
  [[member]]
  id = \"acme\"
  tier = \"entry\"
  standing = \"active\"
  agreement_until = 2027-06-30T00:00:00Z
  key = \"confirmed\"
  [[item]]
  id = \"poc\"
  class = \"reproduction\"")]
    Test {
        /// The scenario, a TOML file
        scenario: PathBuf,
        #[command(flatten)]
        set: SetArgs,
    },
    #[command(flatten)]
    Version(versions::VersionVerb),
    /// Show which decisions on open cases would change if a set replaced the one in force; changes nothing
    #[command(after_help = "\
Example:
  forewarn policy diff mine.cedar
  forewarn policy diff deadline-aware --strict --json

Every member and item of every open case is decided by both sets: now, at the public instant, at the instant of
each wave to come, and just before these. What would become more permissive comes first, marked `!`.
Exit codes: 0 compared; 1 refused; 3 with `--strict`, something would become more permissive.")]
    Diff(crate::policy_diff::DiffArgs),
    /// Prove what a set promises, for every member, item and instant there could be
    #[command(after_help = "\
Example:
  forewarn policy prove
  forewarn policy prove mine.cedar --like deadline-aware
  forewarn policy prove default --add stricter.cedar --scenarios ./found

A claim that does not hold is shown with a scenario that `forewarn policy test` runs to the same release.
The proofs are a program of their own, `forewarn-prove`, and need the solver cvc5.")]
    Prove(crate::prove::ProveArgs),
}

/// Which set.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// default, deadline-aware, in-force (the program's), or a file of Cedar policies
    #[arg(long, default_value = "default", value_name = "SET")]
    set: String,
}

impl SetArgs {
    async fn load(&self, common: &Common) -> anyhow::Result<PolicySet> {
        if self.set != "in-force" {
            return load(&self.set);
        }
        let session = Session::open(common).await?;
        let (name, text) = {
            let program = session.engine.program().await;
            (program.policies().name().to_owned(), program.policies().text().to_owned())
        };
        session.close(Ok(PolicySet::parse(&name, &text)?)).await
    }
}

/// Reads and checks a set: one that is shipped, by its name, or a file.
pub(crate) fn load(set: &str) -> anyhow::Result<PolicySet> {
    Ok(match set {
        "default" => PolicySet::default_set()?,
        "deadline-aware" => PolicySet::deadline_aware()?,
        path => {
            let says =
                || format!("`{path}` is neither `default`, `deadline-aware` nor a file that can be read");
            PolicySet::parse(path, &fs::read_to_string(path).with_context(says)?)?
        }
    })
}

pub(crate) async fn run(common: &Common, verb: PolicyVerb) -> anyhow::Result<ExitCode> {
    match verb {
        PolicyVerb::Prove(args) => return crate::prove::run(common, &args),
        PolicyVerb::Version(verb) => versions::run(common, verb).await?,
        PolicyVerb::Diff(args) => return crate::policy_diff::run(common, &args).await,
        PolicyVerb::List(args) => list(common, &args.load(common).await?)?,
        PolicyVerb::Check(args) => {
            let set = args.load(common).await?;
            let count = set.policies().count();
            if common.json {
                output::json(
                    &serde_json::json!({ "set": set.name(), "version": set.version(), "policies": count }),
                )?;
                return Ok(ExitCode::SUCCESS);
            }
            output::say(format_args!(
                "set `{}` is sound: {count} policies, none of which can fail at run time, version {}",
                set.name(),
                set.version()
            ));
        }
        PolicyVerb::Test { scenario, set } => {
            let text = fs::read_to_string(&scenario).with_context(|| format!("`{}`", scenario.display()))?;
            let parsed = Scenario::parse(&text).with_context(|| format!("`{}`", scenario.display()))?;
            test(common, &parsed.run(&set.load(common).await?))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(common: &Common, set: &PolicySet) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Listed<'a> {
        id: &'a str,
        says: &'a str,
    }
    let policies: Vec<Listed> = set.policies().map(|(id, says)| Listed { id, says }).collect();
    let rows = policies.iter().map(|policy| vec![policy.id.to_owned(), policy.says.to_owned()]);
    output::table(common.json, &policies, &["policy", "says"], rows)
}

fn test(common: &Common, rows: &[Row]) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Tested<'a> {
        decisions: &'a [Row],
    }
    let cells = rows.iter().map(|row| {
        let effect = match row.effect {
            Prospect::Release { at } => format!("release {at}"),
            Prospect::Withhold { until: Some(until) } => format!("withhold until {until}"),
            Prospect::Withhold { until: None } => String::from("withhold"),
        };
        vec![row.member.clone(), row.item.clone(), effect, row.says.clone()]
    });
    output::table(common.json, &Tested { decisions: rows }, &["member", "item", "effect", "why"], cells)
}
