//! A server on a small program, and a client that shows every byte.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use program::{
    id::UserId,
    token::{Holder, Scope},
};
use server::{Config, Serving, config::Limits};
use testbed::{DAY, World, after};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) serving: Serving,
}

/// An answer as it came over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Headers as sent, without the date.
    pub(crate) headers: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let prefix = format!("{name}: ");
        self.headers.iter().find_map(|line| line.strip_prefix(&prefix))
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

pub(crate) fn config() -> Config {
    Config {
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        timer: false,
        limits: Limits { header_seconds: 1, ..Limits::default() },
        ..Config::default()
    }
}

impl Site {
    pub(crate) async fn of(world: World) -> Self {
        Self::with(world, config()).await
    }

    pub(crate) async fn with(world: World, config: Config) -> Self {
        let serving = server::serve(Arc::clone(&world.engine), config).await.unwrap();
        Self { world, serving }
    }

    /// A token that is good for all that fits its holder.
    pub(crate) async fn token(&self, holder: Holder) -> String {
        let scopes = match holder {
            Holder::Member(_) => BTreeSet::from([Scope::Fetch, Scope::Acknowledge, Scope::Report]),
            Holder::Operator(_) => BTreeSet::from([Scope::Read, Scope::Act]),
            Holder::Observer => BTreeSet::from([Scope::Read]),
        };
        let until = after(self.world.clock.now(), 300 * DAY * 1_000_000);
        let issued =
            self.world.engine.issue_token(&UserId::console(), holder, scopes, until, Vec::new()).await;
        issued.unwrap().1.reveal().to_owned()
    }

    pub(crate) async fn of_member(&self, id: &str) -> String {
        self.token(Holder::Member(testbed::member(id))).await
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], b"").await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let token = format!("Bearer {token}");
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        self.send("POST", path, &headers, body.as_bytes()).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        send(self.serving.address, method, path, headers, body).await
    }
}

pub(crate) async fn send(
    to: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    send_to(to, &to.to_string(), method, path, headers, body).await
}

/// Asks one server under the name of another.
pub(crate) async fn send_to(
    to: SocketAddr,
    host: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // A server that refuses a body may close before it was sent whole.
    let _ = stream.write_all(body).await;
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    answer(&bytes)
}

pub(crate) fn answer(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer has a head");
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter(|line| !line.starts_with("date: ")).map(str::to_owned).collect();
    Answer { status, headers, body: bytes[end + 4..].to_vec() }
}
