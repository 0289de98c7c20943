//! `forewarn member enrol`: a link by which a member's tool registers itself.

use clap::Args;
use jiff::{SignedDuration, Timestamp};
use policy::Lead;
use program::id::MemberId;
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// How long a link is good where nothing else is said.
const HOURS: i64 = 24 * 7;

/// Invite a member's tool.
#[derive(Debug, Args)]
#[command(after_help = "\\
Example:
  forewarn member enrol acme --url https://warn.example --as vera

Send the link to the member's technical contact. It is good once, and an older link of the same member ends. The
member's tool makes its keys, registers them and gets a token; then compare the fingerprints that it shows with those of
`forewarn member show acme` over a second channel, and confirm both with `forewarn member key acme --confirm`.")]
pub(crate) struct EnrolArgs {
    /// Which member
    member: MemberId,
    /// The address that the program is served at
    #[arg(long, env = "FOREWARN_PUBLIC_URL")]
    url: String,
    /// For how long, as in 48h or 7d; 7 days when absent, 30 days at most
    #[arg(long, value_name = "TIME")]
    r#for: Option<Lead>,
}

pub(super) async fn run(common: &Common, session: &Session, args: EnrolArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Invited<'a> {
        member: &'a MemberId,
        invitation: String,
        link: &'a str,
        until: Timestamp,
    }
    let EnrolArgs { member, url, r#for } = args;
    let url = url.trim_end_matches('/');
    anyhow::ensure!(
        url.starts_with("https://") || url.starts_with("http://"),
        "`{url}` is no address: write it as in https://warn.example"
    );
    let lasts = r#for.map_or(SignedDuration::from_hours(HOURS), |lead| lead.duration());
    let until = session.engine.clock().now().checked_add(lasts)?;
    let (invitation, code) = session.engine.invite(session.actor()?, member.clone(), until).await?;
    // Behind the `#`, so that it reaches no server's log when somebody opens the link in a browser.
    let link = format!("{url}/enrol#{}", code.reveal());
    if common.json {
        return output::json(&Invited {
            member: &member,
            invitation: invitation.to_string(),
            link: &link,
            until,
        });
    }
    output::say(&link);
    output::aside(format_args!(
        "{invitation} for `{member}`, good once until {until}; it is shown this once"
    ));
    Ok(())
}
