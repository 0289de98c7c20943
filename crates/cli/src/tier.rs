//! `forewarn tier`: lead times and artifact classes.

use clap::Subcommand;
use policy::{Class, Lead, Tier};
use program::{Command, id::TierId};

use crate::{
    args::{Common, named},
    output,
    session::Session,
};

/// List and set tiers.
#[derive(Debug, Subcommand)]
pub(crate) enum TierVerb {
    /// List the tiers
    List,
    /// Add a tier, or change its lead time and classes
    #[command(
        after_help = "Example:\n  forewarn tier set entry --lead 24h --class notice --class advisory --as alice"
    )]
    Set {
        /// Which tier
        id: TierId,
        /// How long before the public instant its members have items, as in 24h or 5d
        #[arg(long)]
        lead: Lead,
        /// A class its members have early: notice, advisory, detection, indicator, reproduction, patch
        #[arg(long = "class", value_parser = class, required = true)]
        classes: Vec<Class>,
    },
}

/// Reads a class's name.
pub(crate) fn class(text: &str) -> Result<Class, String> {
    named(text, "notice, advisory, detection, indicator, reproduction, patch")
}

pub(crate) async fn run(common: &Common, verb: TierVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = async {
        match verb {
            TierVerb::List => {
                let program = session.engine.program().await;
                let tiers: Vec<&Tier> = program.tiers().collect();
                let rows = tiers.iter().map(|tier| {
                    let classes: Vec<&str> = tier.classes.iter().map(|class| class.as_str()).collect();
                    vec![tier.id.clone(), tier.lead.to_string(), classes.join(", ")]
                });
                output::table(common.json, &tiers, &["tier", "lead", "classes early"], rows)
            }
            TierVerb::Set { id, lead, classes } => {
                let tier = Tier { id: id.to_string(), lead, classes: classes.into_iter().collect() };
                let done = format!("tier `{id}` is set");
                output::entries(common.json, &done, &session.execute(Command::SetTier(id, tier)).await?)
            }
        }
    };
    let done = done.await;
    session.close(done).await
}
