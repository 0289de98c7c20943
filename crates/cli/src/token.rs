//! `forewarn token`: what machines show to act for a member or an operator.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use policy::Lead;
use program::{
    Command,
    id::{MemberId, Sha256, TokenId, UserId},
    token::{Holder, Scope, TokenCommand},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// How long a token lasts where nothing else is said.
const DAYS: i64 = 90;

/// Issue, list and revoke tokens.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Issue a token and print it, once
    #[command(after_help = "\
Examples:
  forewarn token new --member veltrune --scope fetch            # into a file: > veltrune.token
  forewarn token new --member veltrune --scope fetch --scope report --from 192.0.2.0/24 --until 30d
  forewarn token new --member veltrune --certificate veltrune.pem  # good with this client certificate alone
  forewarn token new --role operator                  # looks, and acts as nobody
  forewarn token new --role operator --user alice     # acts in alice's name

The program keeps the token's hash alone: one that is lost is revoked and replaced.")]
    New(NewArgs),
    /// List tokens: whose, for what, until when
    List,
    /// Revoke a token, at once and for good
    Revoke {
        /// Which one, as in T1
        token: TokenId,
        /// Why; it is logged
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// For a member's machines
    #[arg(long, conflicts_with_all = ["role", "user"], required_unless_present = "role")]
    member: Option<MemberId>,
    /// For an operator's machines
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// The operator in whose name it acts; without one it can look and not act
    #[arg(long, requires = "role")]
    user: Option<UserId>,
    /// What it is good for: fetch, acknowledge or report for a member, read or act for an operator; all that fits
    /// when absent
    #[arg(long)]
    scope: Vec<Scope>,
    /// For how long, as in 30d, or until which instant; 90 days when absent, a year at most
    #[arg(long, value_parser = until)]
    until: Option<Until>,
    /// A network it may come from, as in 192.0.2.0/24; every one when absent
    #[arg(long, value_name = "CIDR")]
    from: Vec<ipnet::IpNet>,
    /// The client certificate that it must come with, PEM; the server must ask for certificates
    #[arg(long, value_name = "FILE")]
    certificate: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// Looks at the whole program, and acts in an operator's name where `--user` says whose
    Operator,
}

#[derive(Clone, Copy, Debug)]
enum Until {
    For(Lead),
    At(Timestamp),
}

fn until(text: &str) -> Result<Until, String> {
    if let Ok(lead) = text.parse::<Lead>() {
        return Ok(Until::For(lead));
    }
    crate::args::instant(text).map(Until::At).map_err(|error| format!("{error}, or a time as in 30d"))
}

pub(crate) async fn run(common: &Common, verb: TokenVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = match verb {
        TokenVerb::New(args) => new(common, &session, args).await,
        TokenVerb::List => list(common, &session).await,
        TokenVerb::Revoke { token, reason } => {
            let command = Command::Token(TokenCommand::Revoke { token, reason });
            let actor = common.actor.clone().unwrap_or_else(UserId::console);
            match session.engine.execute(&actor, command).await {
                Ok(entries) => output::entries(common.json, &format!("token {token} is revoked"), &entries),
                Err(error) => Err(error.into()),
            }
        }
    };
    session.close(done).await
}

async fn new(common: &Common, session: &Session, args: NewArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Issued<'a> {
        token: TokenId,
        text: &'a str,
        holder: &'a Holder,
        scopes: Vec<String>,
        until: Timestamp,
    }
    let (holder, fitting): (Holder, &[Scope]) = match (args.member, args.role, args.user) {
        (Some(member), ..) => (Holder::Member(member), &[Scope::Fetch, Scope::Acknowledge, Scope::Report]),
        (None, _, Some(user)) => (Holder::Operator(user), &[Scope::Read, Scope::Act]),
        (None, _, None) => (Holder::Observer, &[Scope::Read]),
    };
    let scopes = if args.scope.is_empty() { fitting.to_vec() } else { args.scope };
    let now = session.engine.clock().now();
    let until = match args.until {
        Some(Until::At(at)) => at,
        Some(Until::For(lead)) => now.checked_add(lead.duration())?,
        None => now.checked_add(SignedDuration::from_hours(24 * DAYS))?,
    };
    // Whoever holds the data folder holds every key in it: a name says who that was, and proves nothing more.
    let actor = common.actor.clone().unwrap_or_else(UserId::console);
    let scopes = scopes.into_iter().collect();
    let certificate = args.certificate.as_deref().map(pinned).transpose()?;
    let (token, text) = session
        .engine
        .issue_bound_token(
            &actor,
            holder.clone(),
            std::collections::BTreeSet::clone(&scopes),
            until,
            (args.from, certificate),
        )
        .await?;
    if common.json {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        return output::json(&Issued { token, text: text.reveal(), holder: &holder, scopes, until });
    }
    output::say(text.reveal());
    let scopes = scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    output::aside(format_args!(
        "{token} for {holder}, good to {scopes} until {until}; it is shown this once"
    ));
    Ok(())
}

/// Reads which certificate a token is bound to.
fn pinned(path: &Path) -> anyhow::Result<Sha256> {
    let named = || format!("`{}`", path.display());
    let pem = fs::read(path).with_context(named)?;
    engine::tls::fingerprint(&pem).map_err(anyhow::Error::msg).with_context(named)
}

async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let tokens: Vec<_> = program.tokens().iter().collect();
    let now = session.engine.clock().now();
    let rows = tokens.iter().map(|token| {
        let state = match &token.revoked {
            Some((at, reason)) => format!("revoked {at}: {reason}"),
            None if now >= token.until => String::from("ended"),
            None => format!("until {}", token.until),
        };
        let scopes = token.scopes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let from = token.from.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let with = if token.certificate.is_some() { ", by its certificate" } else { "" };
        vec![
            token.id.to_string(),
            token.holder.to_string(),
            scopes,
            format!("{}{with}", if from.is_empty() { "anywhere" } else { &from }),
            token.by.to_string(),
            state,
        ]
    });
    output::table(common.json, &tokens, &["token", "holder", "good to", "from", "issued by", "state"], rows)
}
