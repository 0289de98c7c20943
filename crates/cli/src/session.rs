//! A command's dealings with a program: open it, act as somebody, close it.

use anyhow::Context as _;
use engine::{Clock, Engine, Entropy};
use program::{Command, Entry, id::UserId};

use crate::{args::Common, output};

/// An opened program and who acts.
pub(crate) struct Session {
    pub(crate) engine: Engine,
    actor: Option<UserId>,
}

impl Session {
    /// Opens the program that `--data` names.
    pub(crate) async fn open(common: &Common) -> anyhow::Result<Self> {
        let data = data(common)?;
        let engine = Engine::open(data, Clock::system(), Entropy::System).await?;
        if let Some(why) = engine.program().await.policies().closed_because() {
            output::aside(format_args!("warning: {why}"));
        }
        Ok(Self { engine, actor: common.actor.clone() })
    }

    /// Returns who acts.
    pub(crate) fn actor(&self) -> anyhow::Result<&UserId> {
        self.actor.as_ref().context("who acts? name an operator with `--as USER` or FOREWARN_USER")
    }

    /// Carries a command out.
    pub(crate) async fn execute(&self, command: Command) -> anyhow::Result<Vec<Entry>> {
        Ok(self.engine.execute(self.actor()?, command).await?)
    }

    /// Closes the program, whatever came of the command.
    pub(crate) async fn close<T>(self, done: anyhow::Result<T>) -> anyhow::Result<T> {
        self.engine.close().await;
        done
    }
}

/// Returns the data folder.
pub(crate) fn data(common: &Common) -> anyhow::Result<&std::path::Path> {
    common.data.as_deref().context(
        "which program? name its data folder with `--data DIR` or FOREWARN_DATA; `forewarn init` makes one",
    )
}
