//! `forewarn init` and `forewarn operator`: a program and the people who run it.

use std::collections::BTreeSet;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use engine::{Clock, Engine, Entropy, Founding};
use policy::{Class, Lead, Role, Tier};
use program::{
    Command, Program,
    id::{TierId, UserId},
    program::Rules,
    subject::Subject,
};
use serde::Serialize;

use crate::{
    args::{Common, named},
    member::criteria,
    output,
    places::PlaceArgs,
    session::{Session, data},
    subject,
};

const DAY: u32 = 86_400;

/// Make a new program in an empty folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn init --data ./program --name \"Acme Early Warning\" --origin acme.example/early-warning \\
      --operator alice --operator bob

The tiers are the three lead times publicly known of the largest such program: `validate` 14 days,
`advance` 5 days, `entry` 24 hours; `forewarn tier set` changes them. Afterwards copy the folder `keys`
to a safe place of its own: without it no blob can be read and no checkpoint signed.

Without `--database` everything is in the data folder. With it the log is in an empty PostgreSQL database, which several
servers on several hosts may share, each with a copy of the data folder; `--blobs` puts blobs and the newest checkpoint
into S3 (credentials, region and endpoint come from the AWS_ variables):
  DATABASE_URL=postgres://forewarn:secret@db.acme.example/forewarn \\
  forewarn init --data ./program --name \"Acme Early Warning\" --operator alice --operator bob \\
      --blobs s3://acme-forewarn/program

With `--criteria default` members are admitted on a criteria sheet that two people signed, and `member add`
is refused; without it one person admits with `member add`. Two people change that later: `member criteria`.")]
pub(crate) struct InitArgs {
    /// What the program is called
    #[arg(long)]
    name: String,
    /// Name of its log, a host and path of your own; first line of every checkpoint
    #[arg(long, default_value = "forewarn.example/log")]
    origin: String,
    /// Someone who runs it; give at least two, since waves, embargoes and findings need two
    #[arg(long = "operator", required = true, value_name = "USER")]
    operators: Vec<UserId>,
    /// The longest embargo that may be proposed
    #[arg(long, default_value = "90d", value_name = "LENGTH")]
    max_embargo: Lead,
    /// The bound on accusing any innocent member in a case
    #[arg(long, default_value_t = 1e-6, allow_hyphen_values = true)]
    epsilon: f64,
    /// How many members who mix their copies the marks are made for; from 3 on a lone leaker needs more sites
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    colluders: u32,
    /// What a member must meet to be admitted: `default`, `none`, or a TOML file of criteria
    #[arg(long, default_value = "none", value_name = "LIST")]
    criteria: String,
    /// After how long a criteria sheet, a screening or a key's confirmation is due again
    #[arg(long, default_value = "365d", value_name = "LENGTH")]
    attest_every: Lead,
    #[command(flatten)]
    places: PlaceArgs,
}

/// List, add and remove operators.
#[derive(Debug, Subcommand)]
pub(crate) enum OperatorVerb {
    /// List the operators
    List,
    /// Add an operator; takes effect when a second operator says the same
    Add {
        /// Who
        user: UserId,
    },
    /// Remove an operator with its tokens, passkeys and sign-ins; takes effect when a second operator says the same
    #[command(after_help = "\
Example:
  forewarn operator remove carol --reason 'left the company' --as alice
  forewarn operator remove carol --reason 'left the company' --as bob

Two operators always remain: add another one first where there are two. Waves that it approved and that were not
released need their approvals anew; what it proposed is proposed anew by somebody else. Tokens that act in nobody's
name stay, whoever issued them: see `forewarn token list`.")]
    Remove {
        /// Who
        user: UserId,
        /// Why; it is logged
        #[arg(long)]
        reason: String,
    },
    /// Set in which roles an operator acts, and no other; takes effect when a second operator says the same
    #[command(after_help = "\
Example:
  forewarn operator roles
  forewarn operator roles alice --role coordinator,release-engineer --as alice
  forewarn operator roles alice --role coordinator,release-engineer --as bob

Roles decide who reads what: see `forewarn case view`. An operator without one reads nothing.")]
    Roles {
        /// Whose; without anybody, everybody's roles are listed
        #[arg(requires = "change")]
        user: Option<UserId>,
        /// coordinator, vetting-officer, release-engineer, investigator or auditor
        #[arg(long = "role", value_name = "ROLES", value_delimiter = ',', value_parser = role, requires = "user", group = "change")]
        roles: Vec<Role>,
        /// Take every role away
        #[arg(long, requires = "user", group = "change", conflicts_with = "roles")]
        none: bool,
    },
    /// List who signs in as which operator at an identity provider
    Subjects,
    /// Let somebody sign in as an operator at an identity provider; takes a second operator, or nobody's name
    #[command(after_help = "\
Examples:
  forewarn operator link alice --issuer https://id.example --subject 248289761001
  forewarn operator link alice --issuer https://id.example --subject 248289761001 --as bob

The issuer is written as in `[identity.oidc]` of the server's configuration. The server's log names the subject of
somebody who tried and was not linked. To approve takes a passkey besides.")]
    Link {
        /// As whom
        user: UserId,
        /// The provider's issuer identifier
        #[arg(long)]
        issuer: String,
        /// The person's identifier there, `sub`
        #[arg(long)]
        subject: String,
    },
    /// End that, and the sessions that were opened so
    Unlink {
        /// The provider's issuer identifier
        #[arg(long)]
        issuer: String,
        /// The person's identifier there
        #[arg(long)]
        subject: String,
        /// Why; it is logged
        #[arg(long)]
        reason: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    named(text, "coordinator, vetting-officer, release-engineer, investigator, auditor")
}

pub(crate) async fn run(common: &Common, args: InitArgs) -> anyhow::Result<()> {
    let data = data(common)?;
    if !(args.epsilon > 0.0 && args.epsilon < 1.0) {
        bail!("`{}` is not a bound: give a probability between 0 and 1, such as 1e-6", args.epsilon);
    }
    let operators: BTreeSet<UserId> = args.operators.into_iter().collect();
    let by = common.actor.clone().or_else(|| operators.first().cloned()).context("name an operator")?;
    let alone = operators.len() < 2;
    let rules = Rules {
        max_embargo: args.max_embargo,
        epsilon: args.epsilon,
        colluders: args.colluders,
        attest_every: args.attest_every,
        criteria: criteria::named(&args.criteria)?,
        ..Rules::default()
    };
    let founding =
        Founding { name: args.name, origin: args.origin, rules, operators, tiers: default_tiers()? };
    let wanted = args.places.wanted()?;
    let engine = Engine::create_in(data, &wanted, founding, &by, Clock::system(), Entropy::System).await?;
    let vkey = std::fs::read_to_string(engine.folder().vkey())?.trim_end().to_owned();
    engine.close().await;
    if common.json {
        #[derive(Serialize)]
        struct Made<'a> {
            data: &'a std::path::Path,
            vkey: String,
        }
        return output::json(&Made { data, vkey });
    }
    output::say(format_args!("made a program in `{}`", data.display()));
    output::say(format_args!("verifier key of its log, for members to pin: {vkey}"));
    output::say(format_args!("copy `{}` to a safe place of its own now", data.join("keys").display()));
    if alone {
        output::say("one operator cannot release anything: add another with `forewarn operator add`");
    }
    Ok(())
}

/// The three tiers that the public record of 2025 shows, as data to begin with.
pub(crate) fn default_tiers() -> anyhow::Result<Vec<(TierId, Tier)>> {
    use Class::{Advisory, Detection, Indicator, Notice, Patch, Reproduction};
    let early = [Notice, Advisory, Detection, Indicator];
    let all = [Notice, Advisory, Detection, Indicator, Reproduction, Patch];
    let tier = |id: &str, days: u32, classes: &[Class]| {
        let tier = Tier {
            id: id.to_owned(),
            lead: Lead::from_seconds(days * DAY),
            classes: classes.iter().copied().collect(),
        };
        Ok((id.parse()?, tier))
    };
    [tier("validate", 14, &all), tier("advance", 5, &all), tier("entry", 1, &early)].into_iter().collect()
}

pub(crate) async fn operator(common: &Common, verb: OperatorVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = async {
        match verb {
            OperatorVerb::List => {
                let program = session.engine.program().await;
                let operators: Vec<&UserId> = program.operators().collect();
                let rows = operators.iter().map(|operator| vec![operator.to_string()]);
                output::table(common.json, &operators, &["operator"], rows)
            }
            OperatorVerb::Roles { user: None, .. } => roles(common, &*session.engine.program().await),
            OperatorVerb::Roles { user: Some(user), roles, .. } => {
                let wanted: BTreeSet<Role> = roles.into_iter().collect();
                let entries = session.execute(Command::SetRoles(user.clone(), wanted.clone())).await?;
                let done = if session.engine.program().await.roles(&user) == Some(&wanted) {
                    format!("`{user}` acts as {}", words(&wanted))
                } else {
                    format!("proposed for `{user}`: another operator runs the same command, with `--as`")
                };
                output::entries(common.json, &done, &entries)
            }
            OperatorVerb::Subjects => subject::list(common, &session).await,
            OperatorVerb::Link { user, issuer, subject } => {
                subject::link(common, &session, user, Subject { issuer, subject }).await
            }
            OperatorVerb::Unlink { issuer, subject, reason } => {
                subject::unlink(common, &session, Subject { issuer, subject }, reason).await
            }
            OperatorVerb::Remove { user, reason } => {
                let entries =
                    session.execute(Command::RemoveOperator { operator: user.clone(), reason }).await?;
                let still = session.engine.program().await.operators().any(|operator| *operator == user);
                let done = if still {
                    format!(
                        "proposed to remove `{user}`: another operator runs the same command, with `--as`"
                    )
                } else {
                    format!(
                        "`{user}` is no operator any more, and its tokens, passkeys and sign-ins are good for nothing"
                    )
                };
                output::entries(common.json, &done, &entries)
            }
            OperatorVerb::Add { user } => {
                let entries = session.execute(Command::AddOperator(user.clone())).await?;
                let added = session.engine.program().await.operators().any(|operator| *operator == user);
                let done = if added {
                    format!("`{user}` is an operator")
                } else {
                    format!("proposed `{user}`: another operator runs the same command, with `--as`")
                };
                output::entries(common.json, &done, &entries)
            }
        }
    };
    let done = done.await;
    session.close(done).await
}

fn roles(common: &Common, program: &Program) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Listed<'a> {
        operator: &'a UserId,
        roles: Option<&'a BTreeSet<Role>>,
    }
    let operators: Vec<Listed> =
        program.operators().map(|operator| Listed { operator, roles: program.roles(operator) }).collect();
    let rows = operators
        .iter()
        .map(|one| vec![one.operator.to_string(), one.roles.map_or_else(|| words(&BTreeSet::new()), words)]);
    output::table(common.json, &operators, &["operator", "roles"], rows)
}

fn words(roles: &BTreeSet<Role>) -> String {
    if roles.is_empty() {
        return String::from("none: reads nothing");
    }
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ")
}
