//! Where a program keeps what it does not keep in its data folder, as the command line says it.

use anyhow::Context as _;
use clap::Args;
use engine::{
    bucket::Bucket,
    places::{DATABASE_URL, Wanted},
    store::address::Server,
};

/// Where the log and the blobs go.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// Keep the log in this PostgreSQL database (postgres://USER:PASSWORD@HOST:PORT/DATABASE); its address is kept in the
    /// data folder, readable by its owner only. Named by DATABASE_URL instead, it is kept nowhere
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// Keep blobs in S3 (s3://BUCKET/PREFIX)
    #[arg(long, env = "FOREWARN_BLOBS", value_name = "URL")]
    pub(crate) blobs: Option<Bucket>,
    /// Keep the newest checkpoint here, in a file or in S3, instead of beside the blobs
    #[arg(long, env = "FOREWARN_CHECKPOINT", value_name = "PLACE")]
    pub(crate) checkpoint: Option<String>,
}

impl PlaceArgs {
    /// Returns what is wanted, by the command line and by the environment.
    pub(crate) fn wanted(self) -> anyhow::Result<Wanted> {
        let (database, keep_address) = match self.database {
            Some(url) => (Some(Server::parse(&url)?), true),
            None => (from_environment()?, false),
        };
        Ok(Wanted { database, keep_address, blobs: self.blobs, checkpoint: self.checkpoint })
    }
}

/// An address of something else than PostgreSQL is somebody else's.
fn from_environment() -> anyhow::Result<Option<Server>> {
    let named = std::env::var(DATABASE_URL).ok().filter(|url| url.trim().starts_with("postgres"));
    named.map(|url| Server::parse(&url).context(DATABASE_URL)).transpose()
}
