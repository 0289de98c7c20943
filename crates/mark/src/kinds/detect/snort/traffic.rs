//! What a rule sees of a sample: its payload and the parts of HTTP messages.

use std::collections::BTreeMap;

use crate::kinds::FileKind;
use crate::kinds::detect::Sample;
use crate::kinds::tree::{Message, messages};

/// A payload by its parts.
pub(crate) struct Traffic {
    /// Whether a client sent it; `None` for what is no HTTP.
    pub(super) to_server: Option<bool>,
    pub(super) buffers: BTreeMap<&'static str, Vec<u8>>,
}

/// Headers with a buffer of their own.
const HEADERS: &[(&str, &str)] = &[
    ("http.user_agent", "user-agent"),
    ("http.cookie", "cookie"),
    ("http.content_type", "content-type"),
    ("http.referer", "referer"),
    ("http.accept", "accept"),
    ("http.accept_enc", "accept-encoding"),
    ("http.accept_lang", "accept-language"),
    ("http.connection", "connection"),
    ("http.content_len", "content-length"),
    ("http.location", "location"),
    ("http.server", "server"),
    ("http.host.raw", "host"),
];

/// Takes a sample apart.
pub(crate) fn traffic(sample: &Sample<'_>) -> Vec<Traffic> {
    let parsed = (sample.kind == FileKind::Http).then(|| messages(sample.text).ok()).flatten();
    match parsed {
        Some(messages) => messages.iter().map(|message| http(sample.text, message)).collect(),
        None => {
            let buffers = BTreeMap::from([("payload", sample.text.as_bytes().to_vec())]);
            vec![Traffic { to_server: None, buffers }]
        }
    }
}

/// Gives the buffer that a keyword names, in today's or in older writing.
pub(super) fn buffer(keyword: &str) -> Option<&'static str> {
    const OTHERS: &[(&str, &str)] = &[
        ("http_uri", "http.uri"),
        ("http_raw_uri", "http.uri.raw"),
        ("http_header", "http.header"),
        ("http_raw_header", "http.header.raw"),
        ("http_method", "http.method"),
        ("http_client_body", "http.request_body"),
        ("http_server_body", "http.response_body"),
        ("http_cookie", "http.cookie"),
        ("http_user_agent", "http.user_agent"),
        ("http_host", "http.host"),
        ("http_raw_host", "http.host.raw"),
        ("http_stat_code", "http.stat_code"),
        ("http_stat_msg", "http.stat_msg"),
        ("http_content_type", "http.content_type"),
        ("http_referer", "http.referer"),
    ];
    const PARTS: &[&str] = &[
        "http.uri",
        "http.uri.raw",
        "http.header",
        "http.header.raw",
        "http.method",
        "http.request_body",
        "http.response_body",
        "http.host",
        "http.stat_code",
        "http.stat_msg",
        "http.request_line",
        "http.response_line",
        "http.protocol",
        "http.header_names",
    ];
    let other = OTHERS.iter().find(|(name, _)| *name == keyword).map(|(_, buffer)| *buffer);
    let part = || PARTS.iter().find(|name| **name == keyword).copied();
    other.or_else(part).or_else(|| HEADERS.iter().find(|(name, _)| *name == keyword).map(|(name, _)| *name))
}

/// Gives the buffer that a flag of a `pcre` names.
pub(super) fn flag_buffer(flag: char) -> Option<&'static str> {
    Some(match flag {
        'U' => "http.uri",
        'I' => "http.uri.raw",
        'H' => "http.header",
        'D' => "http.header.raw",
        'P' => "http.request_body",
        'Q' => "http.response_body",
        'M' => "http.method",
        'C' => "http.cookie",
        'S' => "http.stat_code",
        'Y' => "http.stat_msg",
        'V' => "http.user_agent",
        'W' => "http.host",
        _ => return None,
    })
}

fn http(text: &str, message: &Message) -> Traffic {
    let get = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default().trim();
    let mut buffers = BTreeMap::new();
    let mut put = |name: &'static str, value: &[u8]| {
        buffers.insert(name, value.to_vec());
    };
    put("payload", text.get(message.range.clone()).unwrap_or_default().as_bytes());
    let [first, second, third] = message.start.each_ref().map(get);
    let line = text.get(message.start[0].start..message.start[2].end).unwrap_or_default();
    let body = text.get(message.body.clone()).unwrap_or_default().as_bytes();
    put("http.body", body);
    if message.response {
        put("http.protocol", first.as_bytes());
        put("http.stat_code", second.as_bytes());
        put("http.stat_msg", third.as_bytes());
        put("http.response_line", line.as_bytes());
        put("http.response_body", body);
    } else {
        put("http.method", first.as_bytes());
        put("http.uri", &decoded(second));
        put("http.uri.raw", second.as_bytes());
        put("http.protocol", third.as_bytes());
        put("http.request_line", line.as_bytes());
        put("http.request_body", body);
    }
    put("http.header.raw", text.get(message.head.clone()).unwrap_or_default().as_bytes());
    let (mut headers, mut names) = (String::new(), String::from("\r\n"));
    for (name, value) in &message.headers {
        let (name, value) = (get(name), get(value));
        names.push_str(&format!("{name}\r\n"));
        // Cookies have a buffer of their own and are left out of this one.
        if !name.eq_ignore_ascii_case("cookie") {
            headers.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    names.push_str("\r\n");
    put("http.header", headers.as_bytes());
    put("http.header_names", names.as_bytes());
    for (buffer, name) in HEADERS {
        if let Some(value) = message.header(text, name) {
            put(buffer, value.as_bytes());
        }
    }
    if let Some(host) = message.header(text, "host") {
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        put("http.host", host.to_ascii_lowercase().as_bytes());
    }
    Traffic { to_server: Some(!message.response), buffers }
}

/// Decodes `%2f` once.
fn decoded(target: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(target.len());
    let mut bytes = target.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let digits = [ahead.next(), ahead.next()].map(|byte| byte.and_then(|b| char::from(b).to_digit(16)));
        if let (b'%', [Some(high), Some(low)]) = (byte, digits) {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            bytes = ahead;
        } else {
            decoded.push(byte);
        }
    }
    decoded
}
