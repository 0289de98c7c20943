//! Whoever means harm, or is broken: bounded, refused, nobody else affected.

use program::token::Holder;
use testbed::{World, user};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::http::{Site, answer};

#[tokio::test]
async fn bodies_are_bounded_in_size_and_depth() {
    let site = Site::of(World::peopled(91).await).await;
    let ann = site.token(Holder::Operator(user("ann"))).await;
    let path = "/api/v1/members/acme/suspend";
    assert_eq!(site.post(path, &ann, &" ".repeat((1 << 20) + 1)).await.status, 413);
    let deep = format!(r#"{{"reason":{}1{}}}"#, "[".repeat(400_000), "]".repeat(400_000));
    assert!(matches!(site.post(path, &ann, &deep).await.status, 400 | 422));
    // A body that is announced and never comes is not waited for before it is refused.
    let mut stream = TcpStream::connect(site.serving.address).await.unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ann}\r\ncontent-type: application/json\r\ncontent-length: 1000000000\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut first = vec![0; 4096];
    let read = stream.read(&mut first).await.unwrap();
    assert_eq!(answer(&first[..read]).status, 413);
    assert_eq!(site.get("/api/v1/members/acme", &ann).await.json()["standing"], "active");
}

#[tokio::test]
async fn whoever_never_finishes_a_request_is_hung_up_on() {
    let site = Site::of(World::founded(92).await).await;
    let mut slow = TcpStream::connect(site.serving.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let mut silent = TcpStream::connect(site.serving.address).await.unwrap();
    // Others are served meanwhile.
    assert_eq!(site.get("/healthz", "").await.status, 200);
    for stream in [&mut slow, &mut silent] {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.unwrap();
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn what_is_no_request_gets_no_answer_that_tells_anything() {
    let site = Site::of(World::founded(93).await).await;
    for bytes in
        [&b"\x16\x03\x01\x02\x00\x01\x00\x01"[..], b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", &[0; 64]]
    {
        let mut stream = TcpStream::connect(site.serving.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    }
    for (method, path) in [("DELETE", "/api/v1/me"), ("PUT", "/log/checkpoint"), ("PATCH", "/healthz")] {
        assert_eq!(site.send(method, path, &[], b"").await.status, 405, "{method} {path}");
    }
    let long = format!("/api/v1/cases/{}", "a".repeat(60_000));
    assert!(matches!(site.get(&long, "x").await.status, 401 | 404 | 414 | 431));
}
