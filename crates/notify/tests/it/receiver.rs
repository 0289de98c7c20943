//! Receivers of requests and of mail that keep what they are given.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
};

/// How a receiver of requests behaves.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// Answers with this head, and nothing more.
    Says(&'static str),
    /// Accepts, and never reads or answers.
    Hangs,
    /// Answers well, and never stops sending.
    Floods,
    /// Sends a header that never ends.
    Babbles,
}

pub(crate) const OK: Manner = Manner::Says("HTTP/1.1 204 No Content\r\n\r\n");

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Taken {
    pub(crate) fn header(&self, name: &str) -> String {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).unwrap()
    }
}

/// A receiver on this host.
pub(crate) struct Receiver {
    pub(crate) url: String,
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<Taken>>>,
    /// How many connections came, and how many bytes went out.
    count: Arc<Mutex<(usize, u64)>>,
}

impl Receiver {
    pub(crate) async fn new(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, count) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new((0, 0))));
        let (kept, counted) = (taken.clone(), count.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.lock().unwrap().0 += 1;
                tokio::spawn(serve(stream, manner.clone(), kept.clone(), counted.clone()));
            }
        });
        Self { url: format!("http://127.0.0.1:{port}/hook"), port, taken, count }
    }

    pub(crate) fn taken(&self) -> Vec<Taken> {
        self.taken.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.count.lock().unwrap().0
    }

    pub(crate) fn bytes_sent(&self) -> u64 {
        self.count.lock().unwrap().1
    }
}

async fn serve(
    stream: TcpStream,
    manner: Manner,
    kept: Arc<Mutex<Vec<Taken>>>,
    count: Arc<Mutex<(usize, u64)>>,
) {
    let mut stream = BufReader::new(stream);
    if matches!(manner, Manner::Hangs) {
        // Held open until the other side has had enough.
        std::future::pending::<()>().await;
    }
    let Some(taken) = request(&mut stream).await else { return };
    kept.lock().unwrap().push(taken);
    let chunk = [b'x'; 16 << 10];
    let head = match manner {
        Manner::Says(head) => head,
        Manner::Floods => "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
        Manner::Babbles => "HTTP/1.1 200 OK\r\nx-long: ",
        Manner::Hangs => "",
    };
    if stream.get_mut().write_all(head.as_bytes()).await.is_err() || matches!(manner, Manner::Says(_)) {
        return;
    }
    while stream.get_mut().write_all(&chunk).await.is_ok() {
        count.lock().unwrap().1 += chunk.len() as u64;
    }
}

async fn request(stream: &mut BufReader<TcpStream>) -> Option<Taken> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let mut taken = Taken { head, body: String::new() };
    let length = taken.header("content-length").parse().ok()?;
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    taken.body = String::from_utf8(body).ok()?;
    Some(taken)
}

/// A mail server on this host that takes everything but mail to `refused@…`.
pub(crate) struct Post {
    pub(crate) port: u16,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Post {
    pub(crate) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = taken.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(speak(BufReader::new(stream), kept.clone()));
            }
        });
        Self { port, taken }
    }

    /// Every mail as it came, envelope first.
    pub(crate) fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

async fn speak(mut stream: BufReader<TcpStream>, kept: Arc<Mutex<Vec<String>>>) -> Option<()> {
    let mut mail = String::new();
    stream.get_mut().write_all(b"220 sink\r\n").await.ok()?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            "DATA" => {
                stream.get_mut().write_all(b"354 go on\r\n").await.ok()?;
                loop {
                    let mut line = String::new();
                    stream.read_line(&mut line).await.ok()?;
                    if line == ".\r\n" {
                        break;
                    }
                    mail.push_str(&line);
                }
                kept.lock().unwrap().push(std::mem::take(&mut mail));
                "250 taken"
            }
            "RCPT" if line.contains("refused@") => "550 no such",
            "MAIL" | "RCPT" => {
                mail.push_str(&line);
                "250 fine"
            }
            "QUIT" => return stream.get_mut().write_all(b"221 bye\r\n").await.ok(),
            _ => "250 fine",
        };
        stream.get_mut().write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
}
