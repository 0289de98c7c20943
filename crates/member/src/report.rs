//! `forewarn-member report`: what this member saw, covers, or did wrong.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use package::Digest;
use serde::{Deserialize, Serialize};

use crate::{
    args::{ReportArgs, ReportVerb, SightingKind},
    client::Client,
    output,
    settings::Home,
};

#[derive(Serialize)]
struct Report<'a> {
    case: &'a str,
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<SightingKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<&'a str>,
    note: &'a str,
    files: Vec<File>,
}

#[derive(Serialize)]
struct File {
    name: String,
    base64: String,
}

#[derive(Deserialize, Serialize)]
struct Filed {
    report: Option<String>,
    new: bool,
}

pub(crate) fn run(json: bool, home: &Home, verb: &ReportVerb) -> anyhow::Result<()> {
    let (what, about, kind, paths): (_, &ReportArgs, _, &[PathBuf]) = match verb {
        ReportVerb::Sighting { about, kind, files } => ("sighting", about, Some(*kind), files),
        ReportVerb::Coverage { about } => ("coverage", about, None, &[]),
        ReportVerb::Mistake { about } => ("mistake", about, None, &[]),
    };
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = fs::read(path).with_context(|| format!("`{}`", path.display()))?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // So that the member can show later what it was that it sent.
        output::aside(format_args!("{}  {name}", Digest::of(&bytes)));
        files.push(File { name, base64: BASE64_STANDARD.encode(&bytes) });
    }
    let ReportArgs { server, case, at, note } = about;
    let client = Client::new(&home.server(server)?)?;
    let report = Report { case, what, kind, at: at.as_deref(), note, files };
    let answered = client.post("/api/v1/reports", &report)?;
    let filed: Filed = serde_json::from_slice(&answered).context("`/api/v1/reports`: update the tool")?;
    if json {
        return output::json(&filed);
    }
    match filed.report {
        Some(number) => output::say(format_args!("filed as {number}")),
        None => output::say("the same was filed already"),
    }
    Ok(())
}
