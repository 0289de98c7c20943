//! The cookie of a session, and which site a request with it comes from.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use engine::session::SessionText;

/// Its name: browsers take it over TLS from this very host alone, for every path, and from no subdomain.
/// **Source:** RFC 6265bis, section 4.1.3.2.
pub(crate) const NAME: &str = "__Host-forewarn";
const ATTRIBUTES: &str = "Secure; HttpOnly; SameSite=Lax; Path=/";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Reads the session that a browser shows; of several cookies of the name none.
pub(crate) fn read(headers: &HeaderMap) -> Option<SessionText> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut own = pairs.filter(|(name, _)| *name == NAME).map(|(_, text)| text);
    let (first, second) = (own.next()?, own.next());
    if second.is_some() { None } else { SessionText::parse(first) }
}

/// Writes the cookie of a session that was opened; it goes with the browser, and the row ends before.
pub(crate) fn opened(text: &SessionText) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("{NAME}={}; {ATTRIBUTES}", text.reveal())).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Writes what removes the cookie.
pub(crate) fn closed() -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")).ok()
}

/// Tells whether a request that changes something comes from a page of this origin: the browser says so, or, where it
/// says nothing of it, names this origin. Whoever says neither is no browser with a page of ours.
pub(super) fn from_here(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    if method.is_safe() {
        return true;
    }
    let text = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes);
    match text(&FETCH_SITE) {
        Some(site) => site == b"same-origin",
        None => text(&header::ORIGIN) == Some(origin.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://portal.example";

    fn here(method: Method, headers: &[(HeaderName, &'static str)]) -> bool {
        let map =
            headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect();
        from_here(&method, &map, ORIGIN)
    }

    #[test]
    fn a_change_that_another_site_asks_for_is_none_of_ours() {
        for site in ["cross-site", "same-site", "none", "", "SAME-ORIGIN", "same-origin, same-origin"] {
            assert!(!here(Method::POST, &[(FETCH_SITE, site), (header::ORIGIN, ORIGIN)]), "{site}");
            assert!(here(Method::GET, &[(FETCH_SITE, site)]), "{site}");
        }
        for origin in [
            "https://portal.example.evil.example",
            "https://portal.example:8443",
            "http://portal.example",
            "null",
        ] {
            assert!(!here(Method::POST, &[(header::ORIGIN, origin)]), "{origin}");
        }
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(!here(method.clone(), &[]), "{method}");
            assert!(here(method.clone(), &[(FETCH_SITE, "same-origin")]));
            assert!(here(method, &[(header::ORIGIN, ORIGIN)]));
        }
    }

    #[test]
    fn one_cookie_is_read_and_two_are_none() {
        let text = SessionText::of(&[7; 32]);
        let read_one = |line: String| {
            let map = HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(line).unwrap())]);
            read(&map)
        };
        let own = format!("{NAME}={}", text.reveal());
        assert_eq!(read_one(own.clone()), Some(text.clone()));
        assert_eq!(read_one(format!("a=b; {own};c=d")), Some(text.clone()));
        for bad in [
            format!("{own}; {own}"),
            format!("forewarn={}", text.reveal()),
            format!("__host-forewarn={}", text.reveal()),
            format!("{NAME}=x"),
            String::from("__Host-forewarn"),
        ] {
            assert_eq!(read_one(bad), None);
        }
        let written = opened(&text).unwrap();
        assert!(written.to_str().unwrap().ends_with("; Secure; HttpOnly; SameSite=Lax; Path=/"));
        assert!(written.is_sensitive() && closed().unwrap().to_str().unwrap().ends_with("; Max-Age=0"));
    }
}
