//! `forewarn passkey`: what people sign in with.

use clap::{Args, Subcommand};
use engine::passkey::Invited;
use jiff::{SignedDuration, Timestamp};
use policy::Lead;
use program::{
    Command, Program,
    id::{MemberId, PasskeyId, UserId},
    passkey::{Link, Passkey, PasskeyCommand, User},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// How long a link is good where nothing else is said.
const HOURS: i64 = 24;

/// Invite people to register passkeys, list them, revoke them.
#[derive(Debug, Subcommand)]
pub(crate) enum PasskeyVerb {
    /// Print a link by which a person registers a passkey, once
    #[command(after_help = "\
Examples:
  forewarn passkey invite --operator alice --url https://warn.example
  forewarn passkey invite --member veltrune --name \"Jo Park\" --url https://warn.example --as vera

Send the link to that person and nobody else: whoever opens it first signs in as them. An older link of the same person
ends. For an operator it takes two operators, each with `--as`, or whoever holds the data folder, without it. The server
needs `[identity]` with the same address as `origin` in its configuration.")]
    Invite(InviteArgs),
    /// List passkeys, and links that nobody used yet
    List,
    /// Revoke a passkey, at once and for good; the sessions that it opened end with it
    #[command(after_help = "\
Example:
  forewarn passkey revoke P3 --reason \"the notebook was stolen\" --as vera")]
    Revoke {
        /// Which one, as in P3
        passkey: PasskeyId,
        /// Why; it is logged
        #[arg(long)]
        reason: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct InviteArgs {
    /// For an operator
    #[arg(long, conflicts_with_all = ["member", "name"], required_unless_present = "member")]
    operator: Option<UserId>,
    /// For somebody at a member
    #[arg(long, requires = "name")]
    member: Option<MemberId>,
    /// Who at the member
    #[arg(long, requires = "member")]
    name: Option<String>,
    /// The address that the program is served at
    #[arg(long, env = "FOREWARN_PUBLIC_URL")]
    url: String,
    /// For how long, as in 2h or 3d; a day when absent, 7 days at most
    #[arg(long, value_name = "TIME")]
    r#for: Option<Lead>,
}

pub(crate) async fn run(common: &Common, verb: PasskeyVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    // Whoever holds the data folder holds every key in it: a name says who that was, and proves nothing more.
    let actor = common.actor.clone().unwrap_or_else(UserId::console);
    let done = match verb {
        PasskeyVerb::Invite(args) => invite(common, &session, &actor, args).await,
        PasskeyVerb::List => list(common, &*session.engine.program().await, session.engine.clock().now()),
        PasskeyVerb::Revoke { passkey, reason } => {
            let command = Command::Passkey(PasskeyCommand::Revoke { passkey, reason, by: None });
            match session.engine.execute(&actor, command).await {
                Ok(entries) => {
                    output::entries(common.json, &format!("passkey {passkey} is revoked"), &entries)
                }
                Err(error) => Err(error.into()),
            }
        }
    };
    session.close(done).await
}

async fn invite(common: &Common, session: &Session, actor: &UserId, args: InviteArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Made<'a> {
        user: &'a User,
        link: Option<String>,
        url: Option<&'a str>,
        waits_for: Option<&'static str>,
        until: Timestamp,
    }
    let InviteArgs { operator, member, name, url, r#for } = args;
    let user = match (operator, member, name) {
        (Some(operator), ..) => User::Operator(operator),
        (None, Some(member), Some(name)) => User::AtMember { member, name },
        _ => anyhow::bail!(
            "for whom? name an `--operator`, or a `--member` and the `--name` of somebody there"
        ),
    };
    let url = url.trim_end_matches('/');
    anyhow::ensure!(
        url.starts_with("https://") || url.starts_with("http://localhost"),
        "`{url}` is no address that browsers make passkeys for: write it as in https://warn.example"
    );
    let lasts = r#for.map_or(SignedDuration::from_hours(HOURS), |lead| lead.duration());
    let until = session.engine.clock().now().checked_add(lasts)?;
    match session.engine.invite_user(actor, user.clone(), until).await? {
        Invited::Waits if common.json => {
            let waits_for = Some("a second operator");
            output::json(&Made { user: &user, link: None, url: None, waits_for, until })
        }
        Invited::Waits => {
            output::say(format_args!(
                "noted: another operator runs the same with `--as`, and gets the link for {user}"
            ));
            Ok(())
        }
        Invited::Made(link, code) => {
            // Behind the `#`, so that it reaches no server's log when somebody opens the link.
            let url = format!("{url}/enrol-passkey#{}", code.reveal());
            if common.json {
                let link = Some(link.to_string());
                return output::json(&Made { user: &user, link, url: Some(&url), waits_for: None, until });
            }
            output::say(&url);
            output::aside(format_args!("{link} for {user}, good once until {until}; it is shown this once"));
            Ok(())
        }
    }
}

fn list(common: &Common, program: &Program, now: Timestamp) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Listed<'a> {
        passkeys: Vec<&'a Passkey>,
        links: Vec<&'a Link>,
    }
    let known = program.passkeys();
    let open = known.links().filter(|link| known.is_open(program, link, now));
    let listed = Listed { passkeys: known.iter().collect(), links: open.collect() };
    let passkeys = listed.passkeys.iter().map(|passkey| {
        let state = match &passkey.revoked {
            Some((at, reason)) => format!("revoked {at}: {reason}"),
            None if passkey.good(program) => String::from("good"),
            None => String::from("its holder may not act now"),
        };
        let (id, user) = (passkey.id.to_string(), passkey.user.to_string());
        vec![id, user, passkey.label.clone(), passkey.registered.to_string(), passkey.by.to_string(), state]
    });
    let links = listed.links.iter().map(|link| {
        let state = format!("link, waits until {}", link.until);
        let (id, user) = (link.id.to_string(), link.user.to_string());
        vec![id, user, String::new(), String::new(), link.by.to_string(), state]
    });
    let rows = passkeys.chain(links);
    output::table(
        common.json,
        &listed,
        &["passkey", "of", "called", "registered", "invited by", "state"],
        rows,
    )
}
