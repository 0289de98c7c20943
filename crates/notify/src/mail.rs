//! Notices by mail: one text for every member, and a few sentences for operators.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use engine::notices::{Alarm, Outcome};
use jiff::Timestamp;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls as Wrap, TlsParameters},
        extension::ClientId,
    },
};
use thiserror::Error;
use tokio::time::timeout;

use crate::config::{Mail, Tls};

/// How long a mail server may take over one mail.
const LIMIT: Duration = Duration::from_secs(30);

/// How long it may take over one command.
const COMMAND: Duration = Duration::from_secs(10);

/// What a mail server answers when it will never know an address.
///
/// **Source:** RFC 5321, section 4.2.3.
const NO_SUCH: [u16; 3] = [550, 551, 553];

/// A configuration of notices that cannot be used.
#[derive(Debug, Error)]
pub enum SetupError {
    /// An address is none.
    #[error("`{0}` is no mail address: write `desk@acme.example`, or `Acme <desk@acme.example>`")]
    Address(String),
    /// The password cannot be read.
    #[error("the password file `{path}` cannot be used: {says}")]
    Password {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        says: String,
    },
    /// Half of an account.
    #[error("`username` and `password_file` of the mail server go together: give both or neither")]
    Account,
    /// Mail in clear over a network.
    #[error("mail without TLS is for a mail server on this host: `{0}` is another; use `tls = \"starttls\"`")]
    Clear(String),
    /// A certificate authority cannot be used.
    #[error("the certificate authority `{path}` cannot be used: {says}")]
    Authority {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        says: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be used: {0}")]
    Tls(String),
    /// The address to look at is none.
    #[error("`{0}` is no address that members could look at: begin with `https://`")]
    Url(String),
}

/// Writes mail.
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    operators: Vec<Mailbox>,
}

/// What a mail says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// To a member: there is something.
    Something,
    /// To operators: something lapses soon.
    Lapse,
    /// To operators: something is wrong.
    Alarm(Alarm),
}

impl Mailer {
    /// Makes what writes mail as it was configured.
    ///
    /// # Errors
    /// [`SetupError`] says what cannot be used.
    pub fn new(config: &Mail, operators: &[String]) -> Result<Self, SetupError> {
        let from = mailbox(&config.from)?;
        let operators = operators.iter().map(|address| mailbox(address)).collect::<Result<_, _>>()?;
        let wrap = || {
            let mut parameters = TlsParameters::builder(config.host.clone());
            if let Some(path) = &config.authority {
                let bad = |says: String| SetupError::Authority { path: path.clone(), says };
                let pem = fs::read(path).map_err(|error| bad(error.to_string()))?;
                let certificate = Certificate::from_pem(&pem).map_err(|error| bad(error.to_string()))?;
                parameters = parameters.add_root_certificate(certificate);
            }
            parameters.build_rustls().map_err(|error| SetupError::Tls(error.to_string()))
        };
        let (wrap, port) = match config.tls {
            Tls::Starttls => (Wrap::Required(wrap()?), 587),
            Tls::Implicit => (Wrap::Wrapper(wrap()?), 465),
            Tls::None if on_this_host(&config.host) => (Wrap::None, 25),
            Tls::None => return Err(SetupError::Clear(config.host.clone())),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port.unwrap_or(port))
            .tls(wrap)
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(COMMAND));
        match (&config.username, &config.password_file) {
            (None, None) => {}
            (Some(username), Some(path)) => {
                builder = builder.credentials(Credentials::new(username.clone(), password(path)?));
            }
            _ => return Err(SetupError::Account),
        }
        Ok(Self { transport: builder.build(), from, operators })
    }

    /// Mails a member's contact.
    pub async fn to_member(
        &self,
        address: &str,
        id: &str,
        program: &str,
        look: &str,
        now: Timestamp,
    ) -> Outcome {
        match mailbox(address) {
            Ok(to) => self.send(&[to], Text::Something, id, program, look, now).await,
            Err(_) => Outcome::Refused(String::from("the contact's address is no mail address")),
        }
    }

    /// Mails the operators.
    pub async fn to_operators(
        &self,
        text: Text,
        id: &str,
        program: &str,
        look: &str,
        now: Timestamp,
    ) -> Outcome {
        self.send(&self.operators, text, id, program, look, now).await
    }

    /// Tries whether the mail server can be spoken to; sends nothing.
    ///
    /// # Errors
    /// What it said, in words.
    pub async fn reachable(&self) -> Result<(), String> {
        match timeout(LIMIT, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(String::from("it hangs up")),
            Ok(Err(error)) => Err(plainly(&error)),
            Err(_) => Err(String::from("it takes too long")),
        }
    }

    async fn send(
        &self,
        to: &[Mailbox],
        text: Text,
        id: &str,
        program: &str,
        look: &str,
        now: Timestamp,
    ) -> Outcome {
        let Ok(message) = self.message(to, text, id, program, look, now) else {
            return Outcome::Refused(String::from("no mail can be written to this address"));
        };
        match timeout(LIMIT, self.transport.send(message)).await {
            Ok(Ok(_)) => Outcome::Sent,
            // One address that the server will never know; a later attempt says the same.
            Ok(Err(error)) if error.status().is_some_and(|code| NO_SUCH.contains(&u16::from(code))) => {
                Outcome::Refused(plainly(&error))
            }
            Ok(Err(error)) => Outcome::Failed(plainly(&error)),
            Err(_) => Outcome::Failed(String::from("the mail server takes too long")),
        }
    }

    fn message(
        &self,
        to: &[Mailbox],
        text: Text,
        id: &str,
        program: &str,
        look: &str,
        now: Timestamp,
    ) -> Result<Message, lettre::error::Error> {
        let program: String = program.chars().filter(|c| !c.is_control()).collect();
        let mut builder = Message::builder().from(self.from.clone());
        for mailbox in to {
            builder = builder.to(mailbox.clone());
        }
        let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
        builder
            .subject(text.subject(&program))
            .date(now.into())
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(automatic, String::from("auto-generated")))
            .header(ContentType::TEXT_PLAIN)
            .header(ContentTransferEncoding::QuotedPrintable)
            .body(text.body(&program, look))
    }
}

impl Text {
    fn subject(self, program: &str) -> String {
        match self {
            Self::Something => format!("{program}: there is something for you"),
            Self::Lapse => format!("{program}: something lapses soon"),
            Self::Alarm(_) => format!("{program}: an operator is needed"),
        }
    }

    fn body(self, program: &str, look: &str) -> String {
        let says = match self {
            Self::Something => "There is something for you. Fetch it with your own tool, or look at",
            Self::Lapse => {
                "Something lapses soon at a member: `forewarn member due` says what. The program is at"
            }
            Self::Alarm(Alarm::ClockHeld) => {
                "Waves are due and held: the clock of a server is not trusted. `forewarn doctor` says more. The program is at"
            }
            Self::Alarm(Alarm::Late) => {
                "Waves are due and were not released. `forewarn doctor` says more. The program is at"
            }
            Self::Alarm(Alarm::DeadLetters) => {
                "Members could not be told: notices were given up. `forewarn notification list` says which. The program is at"
            }
        };
        format!(
            "{program}\r\n\r\n{says}\r\n\r\n{look}\r\n\r\nThis mail says nothing more, and asks for no answer and no password.\r\n"
        )
    }
}

fn mailbox(text: &str) -> Result<Mailbox, SetupError> {
    text.trim().parse().map_err(|_| SetupError::Address(text.escape_debug().to_string()))
}

fn on_this_host(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

fn password(path: &Path) -> Result<String, SetupError> {
    engine::keys::read_as(path, |text| Ok::<_, std::convert::Infallible>(text.to_owned()))
        .map_err(|error| SetupError::Password { path: path.to_owned(), says: error.to_string() })
}

/// Says what went wrong without quoting the server, which may quote the address.
fn plainly(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the mail server answered {code}"),
        None if error.is_timeout() => String::from("the mail server takes too long"),
        None if error.is_tls() => String::from("TLS with the mail server fails"),
        None => String::from("the mail server cannot be spoken to"),
    }
}
