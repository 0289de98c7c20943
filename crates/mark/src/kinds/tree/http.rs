//! HTTP/1 samples: one or more requests and responses, one after the other.
//!
//! **Source:** RFC 9112; header lines may end with a bare line feed, as samples in documents do.

use std::ops::Range;

use super::{Broken, Builder, Form, Tree};

/// A request or response; ranges are bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) range: Range<usize>,
    /// Method, target, version; or version, status, reason.
    pub(crate) start: [Range<usize>; 3],
    pub(crate) response: bool,
    /// All header lines.
    pub(crate) head: Range<usize>,
    /// Names and values.
    pub(crate) headers: Vec<(Range<usize>, Range<usize>)>,
    pub(crate) body: Range<usize>,
}

impl Message {
    /// Gives what a header says, by its name in lower case.
    pub(crate) fn header<'t>(&self, text: &'t str, name: &str) -> Option<&'t str> {
        let found = self.headers.iter().find(|(found, _)| {
            text.get(found.clone()).is_some_and(|found| found.trim().eq_ignore_ascii_case(name))
        });
        found.and_then(|(_, value)| text.get(value.clone())).map(str::trim)
    }

    /// Gives how much longer the body is than `Content-Length` says, when nothing but line ends is too much.
    pub(crate) fn slack(&self, text: &str) -> Option<usize> {
        let length: usize = self.header(text, "content-length")?.parse().ok()?;
        let rest = text.get(self.body.start.checked_add(length)?..self.body.end)?;
        rest.bytes().all(|byte| matches!(byte, b'\r' | b'\n')).then_some(rest.len())
    }
}

/// Builds the tree of a sample.
pub(super) fn tree(text: &str) -> Result<Tree, Broken> {
    let mut builder = Builder::new(text);
    for message in messages(text)? {
        let kind = if message.response { "response" } else { "request" };
        let index = builder.open(kind, message.range, Form::Branch);
        let kinds =
            if message.response { ["version", "status", "reason"] } else { ["method", "target", "version"] };
        for (kind, range) in kinds.into_iter().zip(message.start) {
            let form = if matches!(kind, "target" | "reason") { Form::Leaf } else { Form::Fixed };
            builder.add(kind, range, form);
        }
        for (name, value) in message.headers {
            let header = builder.open("header", name.start..value.end, Form::Branch);
            builder.add("name", name, Form::Leaf);
            builder.add("value", value, Form::Leaf);
            builder.close(header, None);
        }
        builder.add("body", message.body, Form::Run);
        builder.close(index, None);
    }
    Ok(builder.done())
}

/// Parses a sample.
pub(crate) fn messages(text: &str) -> Result<Vec<Message>, Broken> {
    let mut messages = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        if rest.len() == blank {
            return Ok(messages);
        }
        let message = one(text, at + blank)?;
        at = message.range.end;
        messages.push(message);
    }
}

fn one(text: &str, begin: usize) -> Result<Message, Broken> {
    let (first, mut at) = line(text, begin);
    let Some((start, response)) = start_line(text, first.clone()) else {
        let shown: String = text.get(first).unwrap_or_default().chars().take(40).collect();
        return Err(Broken { at: begin, says: format!("no HTTP: `{shown}` starts no request or response") });
    };
    let head = at;
    let mut headers: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    let mut head_end = at;
    while at < text.len() {
        let (range, next) = line(text, at);
        let found = text.get(range.clone()).unwrap_or_default();
        if found.is_empty() {
            at = next;
            break;
        }
        if found.starts_with([' ', '\t']) {
            if let Some((_, value)) = headers.last_mut() {
                value.end = range.end;
            }
        } else {
            let name = found.split_once(':').map(|(name, _)| name).filter(|name| {
                !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control())
            });
            let Some(name) = name else {
                let shown: String = found.chars().take(40).collect();
                return Err(Broken { at, says: format!("no HTTP: `{shown}` is no header") });
            };
            let colon = range.start + name.len();
            headers.push((range.start..colon, colon + 1..range.end));
        }
        at = next;
        head_end = at;
    }
    let mut message =
        Message { range: begin..at, start, response, head: head..head_end, headers, body: at..at };
    let end = body_end(text, &message);
    message.body.end = end;
    message.range.end = end;
    Ok(message)
}

/// Finds where a body ends: as its length says if another message or nothing follows, else where the next
/// message starts.
fn body_end(text: &str, message: &Message) -> usize {
    let start = message.body.start;
    let starts_message = |at: usize| start_line(text, line(text, at).0).is_some();
    let length = message.header(text, "content-length").and_then(|length| length.parse::<usize>().ok());
    if let Some(end) = length.and_then(|length| start.checked_add(length)).filter(|end| *end <= text.len())
        && let Some(rest) = text.get(end..)
    {
        let next = end + (rest.len() - rest.trim_start_matches(['\r', '\n']).len());
        if next == text.len() || starts_message(next) {
            return next;
        }
    }
    let mut at = start;
    while at < text.len() {
        if starts_message(at) {
            return at;
        }
        at = line(text, at).1;
    }
    text.len()
}

/// Gives the line at a position, without its end, and where the next begins.
fn line(text: &str, at: usize) -> (Range<usize>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let (length, next) = rest.find('\n').map_or((rest.len(), rest.len()), |end| (end, end + 1));
    let carriage = rest.get(..length).is_some_and(|line| line.ends_with('\r'));
    (at..at + length - usize::from(carriage), at + next)
}

fn start_line(text: &str, range: Range<usize>) -> Option<([Range<usize>; 3], bool)> {
    let found = text.get(range.clone())?;
    let version = |word: &str| {
        word.strip_prefix("HTTP/")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    let (first, rest) = found.split_once(' ')?;
    let cut = |from: usize, to: usize| range.start + from..range.start + to;
    if version(first) {
        let status = rest.split(' ').next().unwrap_or_default();
        let good = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit());
        let after = first.len() + 1 + status.len();
        return good
            .then(|| ([cut(0, first.len()), cut(first.len() + 1, after), cut(after, found.len())], true));
    }
    let (target, last) = rest.rsplit_once(' ')?;
    let method = !first.is_empty() && first.bytes().all(|b| b.is_ascii_uppercase() || b == b'-' || b == b'_');
    let after = first.len() + 1 + target.len();
    (method && version(last) && !target.trim().is_empty())
        .then(|| ([cut(0, first.len()), cut(first.len() + 1, after), cut(after + 1, found.len())], false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_http_is_refused() {
        for text in [
            "hello\n",
            "GET /\n",
            "GET / HTTP/1.1\nno header\n\n",
            "get / HTTP/1.1\n\n",
            "GET / HTTP/1.1\n: x\n",
        ] {
            assert!(messages(text).is_err(), "{text}");
        }
        assert_eq!(messages("\n\n"), Ok(Vec::new()));
    }

    #[test]
    fn messages_one_after_the_other() {
        let text = "POST /a b HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc\r\n\r\nHTTP/1.1 200 OK\nA: b\n c\n\nbody\n\nmore\nGET / HTTP/1.0\n";
        let found = messages(text).unwrap();
        let at = |range: &Range<usize>| text.get(range.clone()).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!((at(&found[0].start[1]), at(&found[0].body)), ("/a b", "abc\r\n\r\n"));
        assert_eq!(found[0].slack(text), Some(4));
        assert_eq!((at(&found[1].body), at(&found[1].headers[0].1)), ("body\n\nmore\n", " b\n c"));
        assert!(found[1].response && found[1].slack(text).is_none());
        assert_eq!(found[2].body.len(), 0);
    }
}
