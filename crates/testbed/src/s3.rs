//! A throw-away S3: moto's server, or one that `FOREWARN_TEST_S3` names (`http://127.0.0.1:5055`).

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// An empty bucket, with the server it is on if that is its own.
pub struct Bucket {
    /// `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The bucket's name.
    pub name: String,
    _server: Option<Server>,
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Bucket {
    /// The variables that a program needs to come in here.
    pub fn environment(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_ALLOW_HTTP", String::from("true")),
            ("AWS_ACCESS_KEY_ID", String::from("test")),
            ("AWS_SECRET_ACCESS_KEY", String::from("test")),
            ("AWS_REGION", String::from("us-east-1")),
        ]
    }
}

/// Makes an empty bucket; nothing where there is no moto.
pub fn bucket() -> Option<Bucket> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let (endpoint, server) = match std::env::var("FOREWARN_TEST_S3") {
        Ok(endpoint) => (endpoint, None),
        Err(_) => start().map(|(endpoint, server)| (endpoint, Some(server)))?,
    };
    let name = format!("bucket-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    assert!(put(&endpoint, &name).contains(" 200 "), "no bucket `{name}` at {endpoint}");
    Some(Bucket { endpoint, name, _server: server })
}

fn start() -> Option<(String, Server)> {
    let Some(moto) = moto() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "moto_server is missing, and this is CI");
        println!("skipped: moto_server is missing");
        return None;
    };
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = Command::new(moto);
    command.args(["-H", "127.0.0.1", "-p", &port.to_string()]);
    let server = Server(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    // It may take a while on a busy machine; a server that never comes fails the test.
    for _ in 0..600 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some((format!("http://127.0.0.1:{port}"), server));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("moto_server did not start");
}

/// In the path, or where the checks install it.
fn moto() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let own = cache.or_else(home).map(|cache| cache.join("forewarn-judges").join("bin"));
    own.into_iter()
        .chain(std::env::split_paths(&path))
        .map(|folder| folder.join("moto_server"))
        .find(|program| program.exists())
}

fn put(endpoint: &str, name: &str) -> String {
    let host = endpoint.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    let request =
        format!("PUT /{name} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
