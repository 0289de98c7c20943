//! What a member may fetch now: the list, an item, its sealed copy, its receipt.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use engine::copy::Available;
use jiff::Timestamp;
use package::Receipt;
use policy::Class;
use program::id::{CaseId, ItemId, MemberId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::App,
    auth::{Fetcher, bearer},
    limits,
    problem::{Problem, Refused, Unknown},
    signed::{self, Asked},
};

/// How much of a sealed copy's end names it, in bytes: its authentication tag, and more.
const TAGGED: usize = 4096;

const SEALED: HeaderValue = HeaderValue::from_static("application/age");
pub(crate) const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// A copy that the member may fetch now.
#[derive(Debug, Serialize, ToSchema)]
pub struct CopyLine {
    /// Which case.
    case: String,
    /// Which item.
    item: String,
    /// What kind of artifact it is.
    class: String,
    /// How far it may be passed on (TLP 2.0).
    tlp: String,
    /// SHA-256 of the member's own copy, opened.
    sha256: String,
    /// Its size in bytes, opened.
    size: u64,
    /// When it was granted.
    granted_at: Timestamp,
    /// The grant's entry in the log.
    seq: u64,
    /// When the member acknowledged it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_at: Option<Timestamp>,
}

impl CopyLine {
    pub(crate) fn of(copy: &Available) -> Self {
        Self {
            case: copy.case.to_string(),
            item: copy.item.item.to_string(),
            class: copy.item.class.to_string(),
            tlp: copy.item.tlp.to_string(),
            sha256: copy.granted.sha256.to_string(),
            size: copy.granted.size,
            granted_at: copy.granted.at,
            seq: copy.granted.seq,
            acknowledged_at: copy.granted.acknowledged_at(),
        }
    }
}

/// List what the caller may fetch now
#[utoipa::path(get, path = "/api/v1/copies", tag = "member", responses(
    (status = 200, body = Vec<CopyLine>),
    Refused,
))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Fetcher(member, _): Fetcher,
) -> Result<Json<Vec<CopyLine>>, Problem> {
    let (available, _) =
        app.engine.available(&member).await.map_err(|error| Problem::of_member_step(&error))?;
    Ok(Json(available.iter().map(CopyLine::of).collect()))
}

/// Describe an item of a case
#[utoipa::path(get, path = "/api/v1/cases/{case}/items/{item}", tag = "member",
    params(("case" = String, Path), ("item" = String, Path)),
    responses(
        (status = 200, body = CopyLine),
        Refused,
        Unknown,
))]
pub(crate) async fn item(
    State(app): State<Arc<App>>,
    Fetcher(member, _): Fetcher,
    Path((case, item)): Path<(String, String)>,
) -> Result<Json<CopyLine>, Problem> {
    find(&app, &member, &case, &item).await.map(|copy| Json(CopyLine::of(&copy)))
}

/// Describe an item by its name alone, or as `CASE:ITEM` where several cases have one of that name
#[utoipa::path(get, path = "/api/v1/items/{item}", tag = "member",
    params(("item" = String, Path)),
    responses(
        (status = 200, body = CopyLine),
        Refused,
        Unknown,
))]
pub(crate) async fn item_by_name(
    State(app): State<Arc<App>>,
    Fetcher(member, _): Fetcher,
    Path(name): Path<String>,
) -> Result<Json<CopyLine>, Problem> {
    if let Some((case, item)) = name.split_once(':') {
        return find(&app, &member, case, item).await.map(|copy| Json(CopyLine::of(&copy)));
    }
    let (available, _) =
        app.engine.available(&member).await.map_err(|error| Problem::of_member_step(&error))?;
    let mut named = available.iter().filter(|copy| copy.item.item.as_str() == name);
    match (named.next(), named.next()) {
        (Some(copy), None) => Ok(Json(CopyLine::of(copy))),
        _ => Err(Problem::not_found()),
    }
}

/// Fetch a sealed copy, whole or a range of it
///
/// The bytes are an age file that only the member's key opens. Sealing is fresh each time: a range goes with the
/// `ETag` of the fetch that it goes on from, in `If-Range`; another sealing answers with the whole copy.
///
/// A member with a confirmed signing key may sign the request (RFC 9421, Ed25519, tag `forewarn-fetch`): over
/// `@method`, `@authority`, `@path`, `@query` where there is one, and the field `Forewarn-Token`, SHA-256 of the token
/// as a byte sequence; with `created`, `expires` 60 seconds later at most, a `nonce` of 16 characters or more, `keyid`
/// the key's fingerprint, and `alg`. A signature that is there must be good, and is answered once. The first fetch is
/// logged with it, and the receipt holds it.
#[utoipa::path(get, path = "/api/v1/cases/{case}/items/{item}/copy", tag = "member",
    params(
        ("case" = String, Path),
        ("item" = String, Path),
        ("Signature-Input" = Option<String>, Header),
        ("Signature" = Option<String>, Header),
        ("Forewarn-Token" = Option<String>, Header),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/age"),
        (status = 206, body = Vec<u8>, content_type = "application/age"),
        Refused,
        Unknown,
        (status = 409, description = "no confirmed key", body = Problem, content_type = "application/problem+json"),
        (status = 416, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn copy(
    State(app): State<Arc<App>>,
    Fetcher(member, shown): Fetcher,
    Path((case, item)): Path<(String, String)>,
    (method, uri, headers): (Method, Uri, HeaderMap),
) -> Result<Response, Problem> {
    let asked = Asked { method: &method, uri: &uri, headers: &headers, token: bearer(&headers) };
    // Before anything is looked for: an answer tells that there is something.
    let signed = signed::check(&app, &asked, &member, (&case, &item)).await?;
    // Decided for every request: a suspension bites in the middle of a download that broke off.
    let found = find(&app, &member, &case, &item).await?;
    // Asked of what the caller may know of, so that the question tells nobody that there is something.
    if found.item.class == Class::Reproduction && !shown.is_present(app.engine.clock().now()) {
        return Err(Problem::step_up_needed());
    }
    let key = {
        let program = app.engine.program().await;
        let key = program.member(&member).ok().and_then(|member| member.confirmed_key());
        key.map(|key| key.fingerprint.clone()).ok_or_else(Problem::no_key)?
    };
    // In the log before the first byte goes out; that is when it can no longer be taken back.
    let noted = app.engine.note_fetch(&member, shown.by()?, &found, signed.as_ref()).await;
    let first = noted.map_err(|error| Problem::of_member_act(&error))?;
    let name = (found.granted.seq, key);
    let kept = app.sealed.get(&name);
    if !first && !kept.as_ref().is_some_and(|kept| goes_on(&headers, kept)) {
        limits::fetched_again(&app, &member, found.granted.seq).await?;
    }
    let sealed = match kept {
        Some(sealed) => sealed,
        None => {
            let made = app.engine.copy(&member, &found.case, &found.item.item).await;
            let made =
                made.map_err(|error| Problem::of_member_step(&error))?.ok_or_else(Problem::not_found)?;
            app.sealed.put(name, made)
        }
    };
    app.metrics.fetches.inc();
    answer(&headers, &sealed)
}

/// Fetch the receipt of a copy: the grant's entry, opened, with its proof
#[utoipa::path(get, path = "/api/v1/cases/{case}/items/{item}/receipt", tag = "member",
    params(("case" = String, Path), ("item" = String, Path)),
    responses(
        (status = 200, description = "a receipt, as `forewarn copy verify` and `forewarn-member verify` read it", body = serde_json::Value),
        Refused,
        Unknown,
))]
pub(crate) async fn receipt(
    State(app): State<Arc<App>>,
    Fetcher(member, _): Fetcher,
    Path((case, item)): Path<(String, String)>,
) -> Result<Response, Problem> {
    let found = find(&app, &member, &case, &item).await?;
    let receipt = app.engine.receipt(&found.granted).await;
    let receipt = receipt.map_err(|error| Problem::of_member_step(&error))?;
    receipt_of(receipt)
}

/// Answers with a receipt.
pub(crate) fn receipt_of(receipt: Receipt) -> Result<Response, Problem> {
    let text = receipt.to_json().map_err(|_| Problem::internal())?;
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, PRIVATE)], text).into_response())
}

/// Finds what the member may have now; a name that is none, an unknown one and a withheld item are all nothing.
pub(crate) async fn find(app: &App, member: &MemberId, case: &str, item: &str) -> Result<Available, Problem> {
    let (Ok(case), Ok(item)) = (case.parse::<CaseId>(), item.parse::<ItemId>()) else {
        return Err(Problem::not_found());
    };
    app.engine.available_one(member, &case, &item).await.ok_or_else(Problem::not_found)
}

/// Tells whether a request goes on with a fetch of the same sealing that broke off.
fn goes_on(headers: &HeaderMap, sealed: &[u8]) -> bool {
    if !headers.contains_key(header::IF_RANGE) {
        return false;
    }
    let wanted = wanted(headers, &tag_of(sealed), sealed.len() as u64);
    matches!(wanted, Ok(Some((first, _))) if first > 0)
}

/// Names a sealing: each draws keys of its own, and the tag at its end is made with them.
fn tag_of(sealed: &[u8]) -> String {
    let end = sealed.get(sealed.len().saturating_sub(TAGGED)..).unwrap_or(sealed);
    format!("\"{}\"", engine::hash::sha256(end))
}

fn answer(headers: &HeaderMap, sealed: &Bytes) -> Result<Response, Problem> {
    let tag = tag_of(sealed);
    let etag = HeaderValue::try_from(tag.as_str()).map_err(|_| Problem::internal())?;
    let common = [
        (header::CONTENT_TYPE, SEALED),
        (header::CACHE_CONTROL, PRIVATE),
        (header::ETAG, etag),
        (header::ACCEPT_RANGES, HeaderValue::from_static("bytes")),
    ];
    let size = sealed.len() as u64;
    // However many fetch the same sealing, it is in memory once.
    let bytes = sealed.clone();
    match wanted(headers, &tag, size)? {
        None => Ok((common, bytes).into_response()),
        Some((first, last)) => {
            let range = usize::try_from(first).ok().zip(usize::try_from(last).ok());
            let (start, end) = range.filter(|(_, last)| *last < bytes.len()).ok_or_else(Problem::internal)?;
            let part = bytes.slice(start..=end);
            let says = HeaderValue::try_from(format!("bytes {first}-{last}/{size}"));
            let says: [(HeaderName, HeaderValue); 1] =
                [(header::CONTENT_RANGE, says.map_err(|_| Problem::internal())?)];
            Ok((StatusCode::PARTIAL_CONTENT, common, says, part).into_response())
        }
    }
}

/// Tells which bytes are asked for; nothing stands for all of them.
fn wanted(headers: &HeaderMap, tag: &str, size: u64) -> Result<Option<(u64, u64)>, Problem> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let Some(range) = text(header::RANGE) else { return Ok(None) };
    // A range of another sealing would be glued to bytes that it does not fit.
    if text(header::IF_RANGE).is_some_and(|given| given != tag) {
        return Ok(None);
    }
    let parsed = http_range_header::parse_range_header(range);
    let ranges = parsed.and_then(|ranges| ranges.validate(size)).map_err(|_| {
        let detail = format!("the copy has {size} bytes: ask for a range within them");
        Problem::new(StatusCode::RANGE_NOT_SATISFIABLE, "range not satisfiable", detail)
    })?;
    match ranges.as_slice() {
        [one] => Ok(Some((*one.start(), *one.end()))),
        // Several ranges may be answered with the whole. **Source:** RFC 9110, section 14.2.
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(range: Option<&str>, if_range: Option<&str>) -> Result<Option<(u64, u64)>, Problem> {
        let mut headers = HeaderMap::new();
        for (name, value) in [(header::RANGE, range), (header::IF_RANGE, if_range)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        wanted(&headers, "\"tag\"", 100)
    }

    #[test]
    fn ranges_are_of_this_sealing_and_within_it() {
        assert_eq!(asked(None, None), Ok(None));
        assert_eq!(asked(Some("bytes=10-"), None), Ok(Some((10, 99))));
        assert_eq!(asked(Some("bytes=10-19"), Some("\"tag\"")), Ok(Some((10, 19))));
        assert_eq!(asked(Some("bytes=-5"), None), Ok(Some((95, 99))));
        assert_eq!(asked(Some("bytes=10-19"), Some("\"other\"")), Ok(None));
        assert_eq!(asked(Some("bytes=0-1,5-6"), None), Ok(None));
        for bad in ["bytes=100-", "bytes=20-10", "bytes=a-b", "lines=1-2"] {
            assert!(asked(Some(bad), None).is_err(), "{bad}");
        }
    }
}
