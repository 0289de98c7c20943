//! `forewarn serve` and `forewarn token` as people run them.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use crate::world::Desk;

/// A server in a process of its own, ended with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    pub(crate) fn start(desk: &Desk, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forewarn"));
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(more).current_dir(desk.path("."));
        command
            .env("FOREWARN_DATA", "acme")
            .env_remove("DATABASE_URL")
            .envs(desk.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit("http://").next().unwrap().to_owned();
        assert!(line.starts_with("serving `Acme Early Warning` at http://127.0.0.1:"), "{line}");
        Self { child, out, address }
    }

    pub(crate) fn get(&self, path: &str, token: &str) -> (u16, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\n\r\n"
        )
        .unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let status = std::str::from_utf8(&bytes[9..12]).unwrap().parse().unwrap();
        (status, bytes[end + 4..].to_vec())
    }

    fn json(&self, path: &str, token: &str) -> Value {
        let (status, body) = self.get(path, token);
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    /// Asks until the member has so many copies; the test's own limit ends what never comes.
    pub(crate) fn await_copies(&self, token: &str, wanted: usize) {
        while self.json("/api/v1/copies", token).as_array().unwrap().len() != wanted {
            std::thread::yield_now();
        }
    }

    /// Asks the process to stop, and returns how it ended and what it said.
    pub(crate) fn stop(mut self) -> (i32, String) {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "", "one line on standard output");
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap(), said)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn token(desk: &Desk, args: &[&str]) -> String {
    let ran = desk.run(&[&["token", "new"], args].concat());
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.err.contains("shown this once"), "{}", ran.err);
    ran.out.trim_end().to_owned()
}

#[test]
fn the_server_releases_what_is_due_and_members_fetch_it() {
    let desk = Desk::due();
    let server = Server::start(&desk, &[]);
    // Other verbs work beside the server, and it sees what they did.
    let (member, observer) =
        (token(&desk, &["--member", "veltrune", "--scope", "fetch"]), token(&desk, &["--role", "operator"]));
    server.await_copies(&member, 2);
    let case = server.json("/api/v1/cases/ACME-2026-7", &observer);
    assert!(case["waves"][0]["released"].is_string(), "{case}");
    let (withheld, unknown) = (
        server.get("/api/v1/cases/ACME-2026-7/items/no.md", &member),
        server.get("/api/v1/cases/X", &member),
    );
    assert_eq!(withheld, unknown);
    let checkpoint = server.get("/log/checkpoint", "").1;
    assert!(checkpoint.starts_with(b"acme.example/early-warning\n"));

    desk.by("alice", &["token", "revoke", "T1", "--reason", "the laptop is gone"]);
    assert_eq!(server.get("/api/v1/me", &member).0, 401, "a revocation by another process bites at once");
    let (code, said) = server.stop();
    assert_eq!(code, 0);
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().any(|line| line["fields"]["message"] == "released"), "{said}");
    for secret in ["Relay and Tidebook", member.as_str(), "AGE-SECRET"] {
        assert!(!said.contains(secret), "{said}");
    }
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn servers_that_are_killed_in_the_middle_lose_nothing_and_repeat_nothing() {
    let desk = Desk::due();
    let member = token(&desk, &["--member", "veltrune", "--scope", "fetch"]);
    for _ in 0..3 {
        let mut servers = [Server::start(&desk, &[]), Server::start(&desk, &[])];
        // Without a word of warning, at whatever step each of them is.
        servers.iter_mut().for_each(|server| server.child.kill().unwrap());
    }
    let server = Server::start(&desk, &[]);
    server.await_copies(&member, 2);
    assert_eq!(server.stop().0, 0);
    let log = desk.ok(&["log", "list", "--json"]);
    let released = log.matches("\"released\"").count();
    assert_eq!(released, 1, "{log}");
    assert_eq!(desk.run(&["verify"]).code, 0);
}

#[test]
fn tokens_are_listed_without_their_text_and_bad_ones_are_refused() {
    let desk = Desk::peopled();
    let text = token(&desk, &["--member", "veltrune", "--from", "192.0.2.0/24", "--until", "30d"]);
    assert!(text.starts_with("forewarn_") && text.len() == 81, "{text}");
    let list = desk.ok(&["token", "list"]);
    assert!(
        list.contains("member veltrune") && list.contains("192.0.2.0/24") && list.contains("console"),
        "{list}"
    );
    assert!(!list.contains(text.trim_start_matches("forewarn_")));
    for (args, says) in [
        (&["--member", "nobody"][..], "no member `nobody`"),
        (&["--member", "veltrune", "--scope", "act"], "nothing that a token"),
        (&["--member", "veltrune", "--until", "900d"], "none lasts beyond"),
        (&["--role", "operator", "--user", "zoe"], "not an operator"),
    ] {
        let ran = desk.run(&[&["token", "new"], args].concat());
        assert!(ran.code == 1 && ran.err.contains(says) && ran.out.is_empty(), "{args:?}: {}", ran.err);
    }
    assert_eq!(desk.run(&["token", "new", "--member", "veltrune", "--role", "operator"]).code, 2);
    assert_eq!(desk.run(&["token", "new"]).code, 2);
    let ran = desk.run(&["token", "revoke", "T9", "--reason", "x"]);
    assert!(ran.code == 1 && ran.err.contains("no token `T9`"), "{}", ran.err);
}

#[test]
fn a_server_that_cannot_begin_says_why() {
    let desk = Desk::peopled();
    desk.write("bad.toml", "listen = \"127.0.0.1:0\"\nport = 80\n");
    let ran = desk.run(&["serve", "--config", "bad.toml"]);
    assert!(ran.code == 1 && ran.err.contains("unknown field `port`"), "{}", ran.err);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ran = desk.run(&["serve", "--listen", &taken.local_addr().unwrap().to_string()]);
    assert!(ran.code == 1 && ran.err.contains("choose another address"), "{}", ran.err);
    let ran = desk.run_with(Some("nowhere"), &["serve"]);
    assert!(ran.code == 1 && ran.err.contains("forewarn init"), "{}", ran.err);
}

#[test]
fn the_doctor_says_what_a_release_would_lack() {
    let desk = Desk::peopled();
    let ran = desk.run(&["doctor", "--json"]);
    assert_eq!(ran.code, 3, "`ombrelis` has no confirmed key: {}", ran.err);
    let findings: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    let state = |findings: &[Value], what: &str| {
        findings.iter().find(|finding| finding["what"] == what).unwrap()["ok"].as_bool().unwrap()
    };
    assert!(!state(&findings, "keys") && state(&findings, "database") && state(&findings, "waves"));
    assert!(desk.run(&["doctor"]).out.contains("ombrelis"));

    let late = Desk::due();
    let findings: Vec<Value> = serde_json::from_str(&late.run(&["doctor", "--json"]).out).unwrap();
    assert!(!state(&findings, "waves"), "{findings:#?}");
}
