//! `forewarn move`: a program goes on in PostgreSQL and S3, and never in two places.

use clap::Args;
use engine::{Clock, bucket::Bucket, moving::move_to};

use crate::{
    args::Common,
    output::{self, Bar},
    places::PlaceArgs,
    session::data,
};

/// Move a program from its data folder to PostgreSQL, so that several hosts can serve it.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn move --data ./program --to postgres://forewarn:secret@db.acme.example/forewarn \\
      --blobs s3://acme-forewarn/program

Every entry is copied and compared with its copy, and so are the roots over both logs; blobs are compared by their
hashes. The database must be empty, or hold what an interrupted move brought: run the same command again then.

`forewarn.db` stays as it was, but for a mark that ends its log: the database refuses every further entry, also from a
server that still runs and in whatever copy is made of it afterwards. Restart servers after the move. Copies of the
folder from before it know nothing of the move: remove them.")]
pub(crate) struct MoveArgs {
    /// The PostgreSQL database; its address is kept in the data folder, readable by its owner only. Named by DATABASE_URL
    /// instead, it is kept nowhere
    #[arg(long, value_name = "URL")]
    to: Option<String>,
    /// Move blobs to S3 too (s3://BUCKET/PREFIX)
    #[arg(long, env = "FOREWARN_BLOBS", value_name = "URL")]
    blobs: Option<Bucket>,
    /// Keep the newest checkpoint here, in a file or in S3, instead of beside the blobs
    #[arg(long, env = "FOREWARN_CHECKPOINT", value_name = "PLACE")]
    checkpoint: Option<String>,
}

pub(crate) async fn run(common: &Common, args: MoveArgs) -> anyhow::Result<()> {
    let MoveArgs { to, blobs, checkpoint } = args;
    let wanted = PlaceArgs { database: to, blobs, checkpoint }.wanted()?;
    let moved = move_to(data(common)?, &wanted, Clock::system().now(), &Bar::new()).await?;
    if common.json {
        return output::json(&moved);
    }
    output::say(format_args!("the log is in `{}` now", moved.to));
    output::say(format_args!(
        "{} entries compared one by one with their copies; the same root over both: {}",
        moved.entries, moved.root
    ));
    if let Some(blobs) = moved.blobs {
        output::say(format_args!("{blobs} blobs copied and compared by their hashes"));
    }
    output::say(format_args!("`{}` takes no entry any more; restart servers that use it", moved.from));
    Ok(())
}
