//! `forewarn notification endpoint`: where members' machines are told over HTTP.

use clap::Subcommand;
use notify::signature::secret_text;
use program::{
    Command,
    endpoint::{Endpoint, EndpointCommand},
    id::{EndpointId, MemberId},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Add, list and remove endpoints.
#[derive(Debug, Subcommand)]
pub(crate) enum EndpointVerb {
    /// Add an endpoint; prints the secret that its notices are signed with, this once
    #[command(after_help = "\
Example:
  forewarn notification endpoint add --member acme https://psirt.acme.example/early --as alice

Notices are signed as Standard Webhooks asks (`webhook-id`, `webhook-timestamp`, `webhook-signature`) and say that
there is something, nothing more. Hand the secret over a confidential channel.")]
    Add {
        /// Whose
        #[arg(long)]
        member: MemberId,
        /// Where: https, a host of the public internet
        url: String,
    },
    /// List endpoints
    List {
        /// Of this member alone
        #[arg(long)]
        member: Option<MemberId>,
    },
    /// Remove an endpoint; nothing more is sent there
    Remove {
        /// Which one
        endpoint: EndpointId,
    },
}

pub(super) async fn run(common: &Common, session: &Session, verb: EndpointVerb) -> anyhow::Result<()> {
    match verb {
        EndpointVerb::Add { member, url } => add(common, session, member, url).await,
        EndpointVerb::List { member } => {
            let program = session.engine.program().await;
            let wanted = |it: &&Endpoint| member.as_ref().is_none_or(|member| it.member == *member);
            let found: Vec<&Endpoint> = program.endpoints().all().filter(wanted).collect();
            let rows = found.iter().map(|it| {
                vec![
                    it.id.to_string(),
                    it.member.to_string(),
                    it.url.clone(),
                    format!("{} ({})", it.added, it.by),
                ]
            });
            output::table(common.json, &found, &["endpoint", "member", "url", "added"], rows)
        }
        EndpointVerb::Remove { endpoint } => {
            let entries = session.execute(Command::Endpoint(EndpointCommand::Remove { endpoint })).await?;
            output::entries(common.json, &format!("nothing more is sent to `{endpoint}`"), &entries)
        }
    }
}

async fn add(common: &Common, session: &Session, member: MemberId, url: String) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Added {
        endpoint: EndpointId,
        secret: String,
    }
    let (endpoint, secret) = session.engine.add_endpoint(session.actor()?, member.clone(), url).await?;
    let secret = secret_text(secret.bytes());
    if common.json {
        return output::json(&Added { endpoint, secret });
    }
    output::say(&secret);
    output::aside(format_args!(
        "{endpoint} of `{member}`; the secret is shown this once. Try it: `forewarn notification test --member {member}`"
    ));
    Ok(())
}
