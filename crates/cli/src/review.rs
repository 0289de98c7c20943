//! `forewarn review`: a decision on a member's standing, by two people.

use std::collections::BTreeSet;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;
use policy::{Class, Restriction};
use program::{
    Command,
    id::{LeakId, MemberId, ReviewId},
    notification::{About, Notification},
    review::{Outcome, Review, ReviewCommand, warnings},
};
use serde::Serialize;

use crate::{
    args::{Common, instant},
    case::count,
    notification, output,
    session::Session,
    tier::class,
};

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
    #[command(after_help = "\
Example:
  forewarn review propose R1 --outcome warn --reason \"late self-report\" --as ines
  forewarn review propose R1 --outcome restrict --restrict reproduction,detection \\
      --until 2027-03-01T00:00:00Z --finding \"copies on a shared drive\" --reason \"until it is mended\" --as ines

Restrict alone takes everything before it is public, until another review; with --until alone, every class
until then. An outcome takes effect when another operator confirms it, and the member must be told. The
notification says the outcome and no reason: give that over a confidential channel.")]
    Propose {
        /// Which review
        review: ReviewId,
        /// Which outcome
        #[arg(long)]
        outcome: OutcomeArg,
        /// Why
        #[arg(long)]
        reason: String,
        /// What was found
        #[arg(long)]
        finding: Option<String>,
        /// With the outcome restrict: the classes it may not have early, as in reproduction,detection
        #[arg(long, value_name = "CLASSES", value_delimiter = ',', value_parser = class)]
        restrict: Vec<Class>,
        /// With the outcome restrict: the instant it ends by itself
        #[arg(long, value_parser = instant)]
        until: Option<Timestamp>,
    },
    /// Confirm the proposed outcome; somebody else than who proposed it
    Confirm {
        /// Which review
        review: ReviewId,
    },
    /// List the reviews
    List,
    /// Show a review with what the member must be told
    Show {
        /// Which review
        review: ReviewId,
    },
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
        ReviewVerb::Show { review } => return show(common, session, review).await,
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
        ReviewVerb::Propose { review, outcome, reason, finding, restrict, until } => {
            let classes: BTreeSet<Class> = match until {
                Some(_) if restrict.is_empty() => Class::ALL.iter().copied().collect(),
                _ => restrict.into_iter().collect(),
            };
            let restriction = (!classes.is_empty()).then_some(Restriction { classes, until });
            let outcome = outcome.into();
            (
                format!("proposed for review `{review}`; another operator confirms it"),
                ReviewCommand::Propose { review, outcome, reason, finding, restriction },
            )
        }
        ReviewVerb::Confirm { review } => {
            let done =
                format!("decided review `{review}`; tell the member, see `forewarn review show {review}`");
            (done, ReviewCommand::Confirm { review })
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
            (None, Some(proposed)) => format!("{proposed} proposed by {}", proposed.by),
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

async fn show(common: &Common, session: &Session, id: ReviewId) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let review = program.review(id)?;
    let about = About::Review(id);
    let tell: Vec<&Notification> =
        program.notifications().filter(|notification| notification.about == about).collect();
    let restriction = program.restriction(&review.member);
    let until = review.decided.as_ref().map_or_else(|| session.engine.clock().now(), |(_, at, _)| *at);
    let warnings = warnings(&program, &review.member, until);
    if common.json {
        #[derive(Serialize)]
        struct Shown<'a> {
            #[serde(flatten)]
            review: &'a Review,
            restriction: Option<&'a Restriction>,
            warnings: usize,
            tell: Vec<&'a Notification>,
        }
        return output::json(&Shown { review, restriction, warnings, tell });
    }
    output::say(format_args!(
        "review {id} of `{}`, opened {} by {}",
        review.member, review.opened, review.opened_by
    ));
    output::say(format_args!("  reason: {}", review.reason));
    if let Some(leak) = review.leak {
        output::say(format_args!("  rests on leak case {leak}"));
    }
    match warnings {
        0 => output::say("  the member was never warned"),
        warnings => output::say(format_args!("  the member was warned {}", count(warnings, "time"))),
    }
    output::say(format_args!("  reply: {}", review.reply.as_deref().unwrap_or("none yet")));
    if let Some(proposed) = &review.proposed {
        output::say(format_args!("  proposed by {}: {proposed}, {}", proposed.by, proposed.reason));
        if let Some(finding) = &proposed.finding {
            output::say(format_args!("  finding: {finding}"));
        }
    }
    if let Some((outcome, at, by)) = &review.decided {
        output::say(format_args!("  decided {at}, confirmed by {by}: {}", outcome.as_str()));
    }
    if let Some(restriction) = restriction {
        output::say(format_args!("  the member is restricted: {restriction}"));
    }
    notification::table(&program, &tell, &session.engine.waiting_notices().await?)
}
