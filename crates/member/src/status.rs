//! `forewarn-member status`: what the program has on record.

use serde::Serialize;

use crate::{args::StatusArgs, client::Client, output, settings::Home};

pub(crate) fn run(json: bool, home: &Home, args: &StatusArgs) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Status<'a> {
        member: &'a str,
        name: &'a str,
        standing: &'a str,
        tier: Option<&'a str>,
        key: Option<&'a str>,
        signing_key: Option<&'a str>,
        fetch_key: Option<&'a str>,
        signature_required: bool,
        unconfirmed: &'a [String],
        agreement_until: Option<&'a str>,
        copies: usize,
        acknowledged: usize,
    }
    let client = Client::new(&home.server(&args.server)?)?;
    let me = client.me()?;
    let copies = client.copies()?;
    let acknowledged = copies.iter().filter(|copy| copy.acknowledged_at.is_some()).count();
    let copies = copies.len();
    if json {
        return output::json(&Status {
            member: &me.member,
            name: &me.name,
            standing: &me.standing,
            tier: me.tier.as_deref(),
            key: me.key.as_deref(),
            signing_key: me.signing_key.as_deref(),
            fetch_key: me.fetch_key.as_deref(),
            signature_required: me.signature_required,
            unconfirmed: &me.unconfirmed,
            agreement_until: me.agreement_until.as_deref(),
            copies,
            acknowledged,
        });
    }
    let or = |text: Option<&str>, none: &str| text.unwrap_or(none).to_owned();
    output::say(format_args!("member      {} ({})", me.member, me.name));
    output::say(format_args!("standing    {}", me.standing));
    output::say(format_args!("tier        {}", or(me.tier.as_deref(), "none")));
    output::say(format_args!("agreement   until {}", or(me.agreement_until.as_deref(), "never signed")));
    output::say(format_args!(
        "key         {}",
        or(me.key.as_deref(), "none confirmed: nothing can be sealed to you before the public instant")
    ));
    output::say(format_args!(
        "signing key {}",
        or(me.signing_key.as_deref(), "none confirmed: you cannot acknowledge")
    ));
    let fetches = match (&me.fetch_key, me.signature_required) {
        (Some(_), true) => "must be signed with that key",
        (Some(_), false) => "are signed with that key where this tool has it",
        (None, true) => "must be signed, and no key is good for it: have its fingerprint compared again",
        (None, false) => "are not signed",
    };
    output::say(format_args!("fetches     {fetches}"));
    for fingerprint in &me.unconfirmed {
        output::say(format_args!(
            "waiting     {fingerprint}: read it to the program over a second channel, so that they confirm it"
        ));
    }
    output::say(format_args!("copies      {copies} to be had now, {acknowledged} of them acknowledged"));
    Ok(())
}
