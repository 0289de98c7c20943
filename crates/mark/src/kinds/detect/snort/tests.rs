use super::*;
use crate::kinds::FileKind;
use crate::kinds::detect::Sample;

const REQUEST: &str = "POST /a%2Fb?x=1 HTTP/1.1\nHost: Box.example:8080\nUser-Agent: Lantern/2.4\nCookie: k=v\nContent-Length: 11\n\nname=\"abc\"\n";

fn matched(options: &str, kind: FileKind, text: &str) -> Option<bool> {
    let rules = compile(&format!("alert http any any -> any any ({options} sid:1;)")).unwrap();
    assert_eq!(rules[0].name, "sid 1");
    rules[0].matches(&traffic(&Sample { kind, text }))
}

#[track_caller]
fn http(options: &str, expected: Option<bool>) {
    assert_eq!(matched(options, FileKind::Http, REQUEST), expected, "{options}");
}

#[track_caller]
fn text(options: &str, text: &str, expected: Option<bool>) {
    assert_eq!(matched(options, FileKind::Text, text), expected, "{options}");
}

#[test]
fn what_is_not_understood_is_unknown() {
    http("byte_test:1,>,2,0;", None);
    http("content:\"a\"; byte_jump:1,2;", None);
    http("pcre:\"/(a)\\1/\";", None);
    http("content:\"|0|\";", None);
    http("content:\"a\"; distance:var;", None);
    http("dns.query; content:\"a\";", None);
}

#[test]
fn contents_within_their_bounds() {
    text("content:\"bc\";", "abc", Some(true));
    text("content:\"BC\";", "abc", Some(false));
    text("content:\"BC\"; nocase;", "abc", Some(true));
    text("content:!\"bc\";", "abc", Some(false));
    text("content:\"|62 63|\"; offset:2;", "abc", Some(false));
    text("content:\"bc\"; offset:1; depth:2;", "abc", Some(true));
    text("content:\"bc\"; offset:1; depth:1;", "abc", Some(false));
    text("content:\"ab\"; startswith;", "abc", Some(true));
    text("content:\"bc\"; startswith;", "abc", Some(false));
    text("content:\"ab\"; endswith;", "abcab", Some(true));
    text("content:\"a\\;\\\"b\";", "a;\"b", Some(true));
    text("content:\"ab\", nocase, depth 2;", "ABc", Some(true));
}

#[test]
fn relative_contents_go_back() {
    // The first `a` is followed too late; the second is not.
    text("content:\"a\"; content:\"b\"; distance:0; within:2;", "a..a.b", Some(true));
    text("content:\"a\"; content:\"b\"; distance:2; within:1;", "a..a.b", Some(false));
    text("content:\"a\"; content:\"b\"; distance:1; within:1;", "a.b", Some(true));
    text("content:\"b\"; content:\"a\"; distance:-2;", "ab", Some(true));
    text("content:\"a\"; isdataat:!1,relative;", "xa", Some(true));
    text("content:\"a\"; isdataat:1,relative;", "xa", Some(false));
    text("content:\"a\"; pcre:\"/^b/R\";", "xab", Some(true));
    text("content:\"a\"; pcre:\"/^b/R\";", "xacb", Some(false));
    text("dsize:>3;", "abc", Some(false));
    text("dsize:2<>4;", "abc", Some(true));
}

#[test]
fn work_is_bounded() {
    let many = format!("{} content:\"b\"; within:1;", "content:\"a\"; distance:0;".repeat(20));
    text(&many, &"a".repeat(3000), None);
}

#[test]
fn parts_of_http() {
    http("http.method; content:\"POST\"; http.uri; content:\"/a/b\"; startswith;", Some(true));
    http("http.uri.raw; content:\"/a/b\";", Some(false));
    http("http.host; content:\"box.example\"; bsize:11;", Some(true));
    http("http.header; content:\"Cookie\";", Some(false));
    http("http.header; content:\"Lantern\"; http.cookie; content:\"k=v\"; bsize:3;", Some(true));
    http("http.header; pcre:\"/^Host\\x3a Box[^\\r]*\\r?$/mi\";", Some(true));
    http("content:\"name=|22|\"; http_client_body;", Some(true));
    http("http_client_body; content:\"Host\";", Some(false));
    http("pcre:\"/a.b/U\";", Some(true));
    http("flow:established,to_client; content:\"POST\";", Some(false));
    http("http.response_body; content:\"x\";", Some(false));
    http("http.response_body; content:!\"x\";", Some(true));
    text("http.uri; content:\"a\";", "a", Some(false));
}
