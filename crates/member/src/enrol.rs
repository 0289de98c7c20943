//! `forewarn-member enrol`: an invitation's link becomes keys, a token and settings.

use anyhow::{Context as _, ensure};
use package::EnrolmentRequest;
use serde::{Deserialize, Serialize};
use tlog::LogVerifier;

use crate::{args::EnrolArgs, client::Client, files, output, settings::Home, settings::Settings};

#[derive(Deserialize)]
struct Enrolled {
    member: String,
    token: String,
    token_until: String,
    vkey: String,
}

pub(crate) fn run(json: bool, home: &Home, args: &EnrolArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Told<'a> {
        member: &'a str,
        fingerprint: &'a str,
        signing_fingerprint: &'a str,
        token_until: &'a str,
        vkey: &'a str,
    }
    let (url, code) = parts(&args.link)?;
    let client = Client::without_token(url, args.ca.as_deref(), args.plain_http)?;
    let home = home.create()?;
    let mut settings = Settings::below(&home, String::new(), url.to_owned(), String::new());
    let (identity, signer) = files::both(&settings.identity, &settings.signing_key, args.post_quantum)?;
    let request = EnrolmentRequest::new(code, identity.to_public(), &signer);
    let answer = client.post("/api/v1/enrol", &request)?;
    let enrolled: Enrolled = serde_json::from_slice(&answer).context("`/api/v1/enrol`: update the tool")?;
    let vkey: LogVerifier = enrolled.vkey.trim_end().parse().context("the program's log key")?;
    files::replace(&settings.token_file, &format!("{}\n", enrolled.token))?;
    settings.member = enrolled.member;
    settings.vkey = vkey.to_string();
    settings.ca = args.ca.as_deref().map(std::fs::canonicalize).transpose()?;
    settings.plain_http = args.plain_http;
    settings.write(&home)?;
    let (sealing, signing) = (identity.to_public().fingerprint(), signer.verifier().fingerprint());
    if json {
        return output::json(&Told {
            member: &settings.member,
            fingerprint: &sealing,
            signing_fingerprint: &signing,
            token_until: &enrolled.token_until,
            vkey: &settings.vkey,
        });
    }
    output::say(format_args!(
        "enrolled as `{}`; keys, token and settings are in `{}`",
        settings.member,
        home.display()
    ));
    output::say("read these to the program over a second channel, so that they confirm your keys:");
    output::say(format_args!("  sealing  {sealing}"));
    output::say(format_args!("  signing  {signing}"));
    output::say(format_args!("the log's key is pinned as `{}`: let them read theirs to you", settings.vkey));
    output::say("then: forewarn-member status, forewarn-member fetch");
    Ok(())
}

/// Takes a link apart: the program's address, and the code behind the `#`, which no server writes into its log.
fn parts(link: &str) -> anyhow::Result<(&str, &str)> {
    let (page, code) = link.split_once('#').unwrap_or((link, ""));
    ensure!(
        code.starts_with("forewarn_enrol_") && code.chars().all(|c| c.is_ascii_graphic()),
        "this link has no code: copy it whole, with what follows the `#`, and put it in quotes"
    );
    Ok((page.trim_end_matches('/').trim_end_matches("/enrol"), code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_an_address_and_a_code() {
        let good = "https://warn.example/program/enrol#forewarn_enrol_00";
        assert_eq!(parts(good).unwrap(), ("https://warn.example/program", "forewarn_enrol_00"));
        for bad in
            ["https://warn.example/enrol", "https://warn.example/enrol#", "https://warn.example/enrol#x", ""]
        {
            assert!(parts(bad).unwrap_err().to_string().contains("quotes"), "{bad}");
        }
    }
}
