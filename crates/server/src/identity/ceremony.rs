//! Ceremonies: a challenge, what a browser's authenticator makes of it, and what follows.
//!
//! The state of a ceremony lies in a row that any replica finds, is taken once, and is over after minutes. Whatever is
//! wrong with an answer, whoever sent it is told the same.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use engine::session::{Ceremony, Session};
use program::{
    Program,
    id::{PasskeyId, Sha256},
    passkey::{Passkey, Registering, User},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use webauthn_rs::prelude::{
    AuthenticationResult, CredentialID, DiscoverableAuthentication, DiscoverableKey, Passkey as Credential,
    PasskeyAuthentication, PasskeyRegistration, PublicKeyCredential, RegisterPublicKeyCredential, Uuid,
    WebauthnResult,
};

use crate::{app::App, auth::refresh, problem::Problem};

/// What a browser is asked, and by which name it answers.
pub(crate) struct Begun {
    /// Names the ceremony.
    pub(crate) ceremony: String,
    /// For `navigator.credentials`.
    pub(crate) options: Value,
}

/// Begins to register a passkey by a link; returns for whom too.
pub(crate) async fn begin_enrolment(app: &App, code: &Sha256) -> Result<(User, Begun), Problem> {
    let identity = app.identity()?;
    refresh(app).await?;
    let (user, known, name) = {
        let program = app.engine.program().await;
        let now = app.engine.clock().now();
        let link = program.passkeys().open(&program, code, now).ok_or_else(Problem::no_link)?;
        let known: Vec<CredentialID> = good_of(&program, &link.user)
            .filter_map(|it| read(it).ok())
            .map(|it| it.cred_id().clone())
            .collect();
        (link.user.clone(), known, program.name().to_owned())
    };
    let handle = Uuid::from_bytes(app.engine.user_handle(&user));
    let (short, long) = match &user {
        User::Operator(id) => (id.to_string(), format!("{id}, operator of {name}")),
        User::AtMember { member, name: person } => {
            (format!("{person} ({member})"), format!("{person} of {member}, {name}"))
        }
    };
    let begun = identity.webauthn.start_passkey_registration(handle, &short, &long, Some(known));
    let (options, state) = ours(begun)?;
    let mut options = to_json(&options)?;
    // Nobody types a name to sign in, so the authenticator must be able to find the passkey by itself.
    if let Some(selection) = options.pointer_mut("/publicKey/authenticatorSelection") {
        selection["residentKey"] = json!("required");
        selection["requireResidentKey"] = json!(true);
    }
    let begun = begin(app, Ceremony::Enrolment, &code.to_string(), &state, options).await?;
    Ok((user, begun))
}

/// Finishes it: the passkey is in the log. Returns whose and which.
pub(crate) async fn finish_enrolment(
    app: &App,
    ceremony: &str,
    label: &str,
    answer: Value,
) -> Result<(User, PasskeyId), Problem> {
    let (code, state) = take::<PasskeyRegistration>(app, Ceremony::Enrolment, ceremony).await?;
    let sha256: Sha256 = code.parse().map_err(|_| Problem::internal())?;
    let answer: RegisterPublicKeyCredential = parse(answer)?;
    let made = app.identity()?.webauthn.finish_passkey_registration(&answer, &state);
    let made = made.map_err(|error| unanswered(&error))?;
    refresh(app).await?;
    let user = {
        let program = app.engine.program().await;
        let link = program.passkeys().open(&program, &sha256, app.engine.clock().now());
        link.ok_or_else(Problem::no_link)?.user.clone()
    };
    let registering = Registering {
        sha256,
        credential: BASE64.encode(made.cred_id()),
        public: to_json(&made)?,
        label: label.trim().to_owned(),
    };
    let registered = app.engine.register_passkey(&user, registering).await;
    let passkey = registered.map_err(|error| Problem::of_member_act(&error.into()))?;
    Ok((user, passkey))
}

/// Begins to sign somebody in; nobody says who that is.
pub(crate) async fn begin_sign_in(app: &App) -> Result<Begun, Problem> {
    let (options, state) = ours(app.identity()?.webauthn.start_discoverable_authentication())?;
    begin(app, Ceremony::SignIn, "", &state, asked(&options)?).await
}

/// Finishes it; returns who signed in, by which passkey.
pub(crate) async fn finish_sign_in(
    app: &App,
    ceremony: &str,
    answer: Value,
) -> Result<(User, PasskeyId), Problem> {
    let (_, state) = take::<DiscoverableAuthentication>(app, Ceremony::SignIn, ceremony).await?;
    let answer: PublicKeyCredential = parse(answer)?;
    refresh(app).await?;
    let known = {
        let program = app.engine.program().await;
        let credential = BASE64.encode(answer.get_credential_id());
        let known = program.passkeys().by_credential(&credential).filter(|known| known.good(&program));
        known.cloned().ok_or_else(Problem::not_signed_in)?
    };
    if answer.get_user_unique_id().is_some_and(|handle| handle != app.engine.user_handle(&known.user)) {
        return Err(Problem::not_signed_in());
    }
    let key = DiscoverableKey::from(read(&known)?);
    let done = app.identity()?.webauthn.finish_discoverable_authentication_v2(&answer, state, &key);
    verified(done)?;
    Ok((known.user, known.id))
}

/// Begins a step-up of a session, by any good passkey of its person.
pub(crate) async fn begin_step_up(app: &App, session: &Session) -> Result<Begun, Problem> {
    let identity = app.identity()?;
    let keys: Vec<Credential> = {
        let program = app.engine.program().await;
        good_of(&program, &session.user).filter_map(|it| read(it).ok()).collect()
    };
    if keys.is_empty() {
        return Err(Problem::no_passkey());
    }
    let (options, state) = ours(identity.webauthn.start_passkey_authentication(&keys))?;
    begin(app, Ceremony::StepUp, &session.sha256.to_string(), &state, asked(&options)?).await
}

/// Finishes it, for the session that began it.
pub(crate) async fn finish_step_up(
    app: &App,
    session: &Session,
    ceremony: &str,
    answer: Value,
) -> Result<(), Problem> {
    let (of, state) = take::<PasskeyAuthentication>(app, Ceremony::StepUp, ceremony).await?;
    if of != session.sha256.to_string() {
        return Err(Problem::not_signed_in());
    }
    let answer: PublicKeyCredential = parse(answer)?;
    {
        // Of the passkeys that were good when it began, one may have been revoked since.
        let program = app.engine.program().await;
        let credential = BASE64.encode(answer.get_credential_id());
        let mut good = good_of(&program, &session.user);
        if !good.any(|known| known.credential == credential) {
            return Err(Problem::not_signed_in());
        }
    }
    verified(app.identity()?.webauthn.finish_passkey_authentication(&answer, &state))?;
    app.engine.step_up(session).await.map_err(|error| Problem::of_store(&error))
}

/// Lists a person's passkeys that are good now.
pub(super) fn good_of<'a>(program: &'a Program, user: &'a User) -> impl Iterator<Item = &'a Passkey> {
    program.passkeys().of(user).filter(|known| known.good(program))
}

/// Reads a passkey as the log has it.
pub(super) fn read(known: &Passkey) -> Result<Credential, Problem> {
    serde_json::from_value(known.public.clone()).map_err(|error| {
        tracing::error!(passkey = %known.id, error = %error, "a passkey in the log cannot be read");
        Problem::not_signed_in()
    })
}

pub(super) async fn begin<S: Serialize>(
    app: &App,
    ceremony: Ceremony,
    about: &str,
    state: &S,
    options: Value,
) -> Result<Begun, Problem> {
    let state = serde_json::to_string(state).map_err(|_| Problem::internal())?;
    let begun = app.engine.begin_ceremony(ceremony, about, &state).await;
    let text = begun.map_err(|error| Problem::of_store(&error))?.ok_or_else(Problem::busy)?;
    Ok(Begun { ceremony: text.reveal().to_owned(), options })
}

pub(super) async fn take<S: DeserializeOwned>(
    app: &App,
    ceremony: Ceremony,
    text: &str,
) -> Result<(String, S), Problem> {
    app.identity()?;
    let taken = app.engine.take_ceremony(ceremony, text).await;
    let (about, state) =
        taken.map_err(|error| Problem::of_store(&error))?.ok_or_else(Problem::not_signed_in)?;
    // A newer version may have begun it.
    serde_json::from_str(&state).map(|state| (about, state)).map_err(|_| Problem::not_signed_in())
}

/// An answer that the library takes counts only if the person was verified, by whatever the authenticator asks for.
pub(super) fn verified(done: WebauthnResult<AuthenticationResult>) -> Result<AuthenticationResult, Problem> {
    let done = done.map_err(|error| unanswered(&error))?;
    if done.user_verified() { Ok(done) } else { Err(Problem::not_signed_in()) }
}

pub(super) fn parse<T: DeserializeOwned>(answer: Value) -> Result<T, Problem> {
    serde_json::from_value(answer).map_err(|error| {
        tracing::info!(error = %error, "an authenticator's answer cannot be read");
        Problem::not_signed_in()
    })
}

fn unanswered(error: &dyn std::fmt::Display) -> Problem {
    tracing::info!(error = %error, "an authenticator's answer was refused");
    Problem::not_signed_in()
}

/// A challenge that cannot be made is our mistake.
pub(super) fn ours<T>(made: WebauthnResult<T>) -> Result<T, Problem> {
    made.map_err(|error| {
        tracing::error!(error = %error, "a ceremony cannot begin");
        Problem::internal()
    })
}

/// What a page asks for when somebody pressed a button, without a mediation by the browser's own form filling.
pub(super) fn asked<T: Serialize>(options: &T) -> Result<Value, Problem> {
    let options = to_json(options)?;
    Ok(json!({ "publicKey": options.get("publicKey") }))
}

pub(super) fn to_json<T: Serialize>(value: &T) -> Result<Value, Problem> {
    serde_json::to_value(value).map_err(|_| Problem::internal())
}
