//! `forewarn review`: a decision on a member's standing, by two people.

use clap::{Subcommand, ValueEnum};
use program::{
    Command,
    id::{LeakId, MemberId, ReviewId},
    review::{Outcome, Review, ReviewCommand},
};

use crate::{args::Common, output, session::Session};

/// Review a member's standing.
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewVerb {
    /// Open a review
    #[command(after_help = "\
Example:
  forewarn review open acme --leak L1 --reason \"trace of S2\" --as ines
  forewarn review reply R1 --text \"our laptop was stolen on 3 July\" --as ines
  forewarn review propose R1 --outcome suspend --reason \"pending forensics\" --as ines
  forewarn review confirm R1 --as alice")]
    Open {
        /// Of whom
        member: MemberId,
        /// The leak case it rests on; it must accuse the member
        #[arg(long)]
        leak: Option<LeakId>,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Record what the member replied
    Reply {
        /// Which review
        review: ReviewId,
        /// What it said
        #[arg(long)]
        text: String,
    },
    /// Propose an outcome
    Propose {
        /// Which review
        review: ReviewId,
        /// Which outcome
        #[arg(long)]
        outcome: OutcomeArg,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Confirm the proposed outcome; somebody else than who proposed it
    Confirm {
        /// Which review
        review: ReviewId,
    },
    /// List the reviews
    List,
}

/// An outcome on the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum OutcomeArg {
    /// Nothing stands against the member; it is active again
    Clear,
    /// A warning; its standing stays
    Warn,
    /// Nothing before the public instant
    Restrict,
    /// Nothing at all
    Suspend,
    /// Out of the program for good
    Remove,
}

impl From<OutcomeArg> for Outcome {
    fn from(arg: OutcomeArg) -> Self {
        match arg {
            OutcomeArg::Clear => Self::Clear,
            OutcomeArg::Warn => Self::Warn,
            OutcomeArg::Restrict => Self::Restrict,
            OutcomeArg::Suspend => Self::Suspend,
            OutcomeArg::Remove => Self::Remove,
        }
    }
}

pub(crate) async fn run(common: &Common, verb: ReviewVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: ReviewVerb) -> anyhow::Result<()> {
    let (done, command) = match verb {
        ReviewVerb::List => return list(common, session).await,
        ReviewVerb::Open { member, leak, reason } => {
            let entries = session
                .execute(Command::Review(ReviewCommand::Open { member: member.clone(), leak, reason }))
                .await?;
            let program = session.engine.program().await;
            let newest = program.reviews().last().map_or_else(String::new, |review| review.id.to_string());
            let done =
                format!("opened review `{newest}` of `{member}`; tell the member, and record its reply");
            return output::entries(common.json, &done, &entries);
        }
        ReviewVerb::Reply { review, text } => {
            (format!("recorded the reply in review `{review}`"), ReviewCommand::Reply { review, text })
        }
        ReviewVerb::Propose { review, outcome, reason } => (
            format!("proposed for review `{review}`; another operator confirms it"),
            ReviewCommand::Propose { review, outcome: outcome.into(), reason },
        ),
        ReviewVerb::Confirm { review } => {
            (format!("decided review `{review}`"), ReviewCommand::Confirm { review })
        }
    };
    output::entries(common.json, &done, &session.execute(Command::Review(command)).await?)
}

async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let reviews: Vec<&Review> = program.reviews().collect();
    let rows = reviews.iter().map(|review| {
        let state = match (&review.decided, &review.proposed) {
            (Some((outcome, at, by)), _) => format!("{}, {at} by {by}", outcome.as_str()),
            (None, Some((outcome, _, by))) => format!("{} proposed by {by}", outcome.as_str()),
            (None, None) => String::from("open"),
        };
        vec![
            review.id.to_string(),
            review.member.to_string(),
            review.leak.map_or_else(String::new, |leak| leak.to_string()),
            review.reason.clone(),
            review.reply.clone().unwrap_or_default(),
            state,
        ]
    });
    output::table(common.json, &reviews, &["review", "member", "leak", "reason", "reply", "state"], rows)
}
