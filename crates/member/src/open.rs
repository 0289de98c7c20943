//! `forewarn-member open`: one sealed copy.

use std::fs;

use anyhow::{Context as _, ensure};
use package::Identity;
use serde::Serialize;

use crate::{
    args::OpenArgs,
    output,
    settings::{Home, given},
};

pub(crate) fn run(json: bool, home: &Home, args: &OpenArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Opened {
        size: usize,
    }
    let settings = home.settings()?;
    let identity = identity(&given(&args.identity, settings.as_ref().map(|it| &it.identity), "--identity")?)?;
    ensure!(!args.out.exists(), "`{}` exists: give another name", args.out.display());
    let sealed = fs::read(&args.sealed).with_context(|| format!("`{}`", args.sealed.display()))?;
    let copy = package::open(&sealed, &identity).with_context(|| format!("`{}`", args.sealed.display()))?;
    fs::write(&args.out, &copy).with_context(|| format!("`{}`", args.out.display()))?;
    if json {
        return output::json(&Opened { size: copy.len() });
    }
    output::say(format_args!("opened `{}`, {} bytes", args.out.display(), copy.len()));
    Ok(())
}

/// Reads the member's key.
pub(crate) fn identity(path: &std::path::Path) -> anyhow::Result<Identity> {
    let text = fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
    Identity::parse(&text).with_context(|| format!("`{}`", path.display()))
}
