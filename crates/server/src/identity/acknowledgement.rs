//! A copy acknowledged by a passkey: a ceremony whose challenge is what is acknowledged.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use engine::{
    assertion::Seen,
    copy::Available,
    session::{Ceremony, Session},
};
use program::{assertion::Assertion, id::MemberId};
use serde_json::{Value, json};
use webauthn_rs::prelude::{PasskeyAuthentication, PublicKeyCredential};

use super::ceremony::{Begun, asked, begin, good_of, ours, parse, read, take, to_json, verified};
use crate::{app::App, problem::Problem};

/// Begins to acknowledge a copy, by any good passkey of the session's person.
pub(crate) async fn begin_acknowledgement(
    app: &App,
    session: &Session,
    member: &MemberId,
    copy: &Available,
    seen: Seen,
) -> Result<Begun, Problem> {
    let challenge = challenge(app, member, copy, seen).await?;
    let keys: Vec<_> = {
        let program = app.engine.program().await;
        good_of(&program, &session.user).filter_map(|it| read(it).ok()).collect()
    };
    let (options, state) = ours(app.identity()?.webauthn.start_passkey_authentication(&keys))?;
    let (mut options, mut state) = (asked(&options)?, to_json(&state)?);
    // In the place of the library's random challenge, on both sides: an assertion of this is for this copy alone, the
    // row makes it one of now, and the log takes one in once.
    for (json, place) in [(&mut options, "/publicKey/challenge"), (&mut state, "/ast/challenge")] {
        *json.pointer_mut(place).ok_or_else(Problem::internal)? = json!(challenge);
    }
    let state = json!({
        "state": state,
        "session": session.sha256,
        "seen": (seen.seq, seen.sha256, seen.tree_size, seen.root),
    });
    begin(app, Ceremony::Acknowledgement, &challenge, &state, options).await
}

/// Finishes it: the assertion is in the log.
pub(crate) async fn finish_acknowledgement(
    app: &App,
    session: &Session,
    member: &MemberId,
    copy: &Available,
    ceremony: &str,
    answer: Value,
) -> Result<(), Problem> {
    #[derive(serde::Deserialize)]
    struct Kept {
        state: PasskeyAuthentication,
        session: program::id::Sha256,
        seen: (u64, program::id::Sha256, u64, program::id::Sha256),
    }
    let (about, kept) = take::<Kept>(app, Ceremony::Acknowledgement, ceremony).await?;
    let (seq, sha256, tree_size, root) = kept.seen;
    let seen = Seen { seq, sha256, tree_size, root };
    // Of this copy, and of the session that began it.
    if kept.session != session.sha256 || about != challenge(app, member, copy, seen).await? {
        return Err(Problem::not_signed_in());
    }
    let answer: PublicKeyCredential = parse(answer)?;
    let credential = BASE64.encode(answer.get_credential_id());
    let passkey = {
        let program = app.engine.program().await;
        let mut good = good_of(&program, &session.user);
        good.find(|known| known.credential == credential).ok_or_else(Problem::not_signed_in)?.id
    };
    verified(app.identity()?.webauthn.finish_passkey_authentication(&answer, &kept.state))?;
    let assertion = Assertion {
        credential,
        authenticator_data: BASE64.encode(&answer.response.authenticator_data),
        client_data: BASE64.encode(&answer.response.client_data_json),
        signature: BASE64.encode(&answer.response.signature),
    };
    let logged = app.engine.acknowledge_by_passkey(member, passkey, copy, seen, assertion).await;
    logged.map_err(|error| Problem::of_member_act(&error))
}

async fn challenge(app: &App, member: &MemberId, copy: &Available, seen: Seen) -> Result<String, Problem> {
    let challenge = app.engine.challenge(member, copy, seen).await;
    Ok(BASE64.encode(challenge.map_err(|error| Problem::of_member_act(&error))?.0))
}
