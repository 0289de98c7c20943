//! Requests for copies that the member signed: whose they are is checked before anything is looked for.

use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use engine::token::TokenText;
use package::{
    Digest, MemberVerifier,
    fetching::{FetchFields, FetchStatement, SignedAt, SignedFetch, TOKEN_FIELD, authority},
};
use program::{Refusal, id::MemberId};

use crate::{app::App, problem::Problem};

const INPUT: HeaderName = HeaderName::from_static("signature-input");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const TOKEN: HeaderName = HeaderName::from_static(TOKEN_FIELD);

/// A request for a copy, as it came.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    /// What the token's text was, which is signed for; nothing for a session.
    pub(crate) token: Option<TokenText>,
}

/// Checks the signature of a request for a copy; nothing where there is none and none is asked of the member.
///
/// # Errors
/// [`Problem::unsigned`] for a signature that is not good, and for none where there must be one.
pub(crate) async fn check(
    app: &App,
    asked: &Asked<'_>,
    member: &MemberId,
    (case, item): (&str, &str),
) -> Result<Option<(SignedFetch, SignedAt)>, Problem> {
    let now = app.engine.clock().now();
    let (key, required) = {
        let program = app.engine.program().await;
        let member = program.member(member).map_err(|_| Problem::not_found())?;
        let key = member.fetch_key(program.rules(), now).map(|key| key.key.clone());
        (key, member.signature_required)
    };
    let refused = |says: &dyn std::fmt::Display| {
        app.metrics.refused_signatures.inc();
        Problem::unsigned(says)
    };
    if ![INPUT, SIGNATURE, TOKEN].iter().any(|name| asked.headers.contains_key(name)) {
        return if required { Err(refused(&Refusal::Unsigned)) } else { Ok(None) };
    }
    let Some(token) = &asked.token else {
        return Err(refused(
            &"a signed request is made with a token: sign out, or send it without a signature",
        ));
    };
    let key = key.ok_or_else(|| refused(&Refusal::NoSigningKey))?;
    let key: MemberVerifier = key.parse().map_err(|_| Problem::internal())?;
    let statement = FetchStatement {
        authority: host(app, asked),
        case: case.to_owned(),
        item: item.to_owned(),
        query: asked.uri.query().map(str::to_owned),
        token: Digest::from_bytes(token.sha256().0),
    };
    // The log keeps case and item, not the method and a path's spelling.
    if asked.method != Method::GET || asked.uri.path() != statement.path() {
        return Err(refused(
            &"a signed request is a GET of the path as this interface's description writes it",
        ));
    }
    let fields = FetchFields {
        input: joined(asked.headers, &INPUT),
        signature: joined(asked.headers, &SIGNATURE),
        token: joined(asked.headers, &TOKEN),
    };
    statement.received(&fields, &key, now).map(Some).map_err(|error| refused(&error))
}

/// Says which host was asked: what the configuration says, for a proxy may write another.
fn host(app: &App, asked: &Asked<'_>) -> String {
    let shown = || asked.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = app.config.authority.clone().or_else(shown).unwrap_or_default();
    authority(&host, app.config.authority.is_some() || app.config.tls.is_some())
}

/// Joins the lines of a field. **Source:** RFC 9110, section 5.2.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let lines = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lines.map(str::trim).collect::<Vec<_>>().join(", ")
}
