//! Where a log's database is: a file, or a database of a server, whose password nobody is shown.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use zeroize::Zeroizing;

use super::StoreError;

/// Where a log's database is.
#[derive(Clone, Debug)]
pub enum Address {
    /// A file of SQLite's.
    File(PathBuf),
    /// A database of a PostgreSQL server.
    Server(Server),
}

/// A database of a PostgreSQL server, with what is needed to get in.
#[derive(Clone)]
pub struct Server {
    url: Zeroizing<String>,
    options: Box<PgConnectOptions>,
}

impl Address {
    /// Returns the address in words that hold no secret.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Server(server) => server.to_string(),
        }
    }
}

impl Server {
    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE?…`.
    ///
    /// A server on another host is spoken to over TLS, with its name checked, unless `sslmode` says otherwise.
    ///
    /// # Errors
    /// [`StoreError::Address`], which quotes nothing of the address.
    pub fn parse(url: &str) -> Result<Self, StoreError> {
        let url = url.trim();
        let no = |says: &str| StoreError::Address(says.to_owned());
        if !["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme)) {
            return Err(no("it does not begin with postgres://"));
        }
        // What the parser says may quote the password.
        let mut options = PgConnectOptions::from_str(url).map_err(|_| no("it does not read as one"))?;
        if options.get_database().is_none_or(str::is_empty) {
            return Err(no("it names no database"));
        }
        if !url.contains("sslmode=") && !url.contains("ssl-mode=") && !is_local(&options) {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let options = options.application_name("forewarn");
        Ok(Self { url: Zeroizing::new(url.to_owned()), options: Box::new(options) })
    }

    /// Returns the whole address, password and all: for the file that keeps it, never for a person.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.url
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.options).clone()
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let (user, database) = (options.get_username(), options.get_database().unwrap_or_default());
        match options.get_socket() {
            Some(socket) => write!(f, "postgres://{user}@{}/{database}", socket.display()),
            None => write!(f, "postgres://{user}@{}:{}/{database}", options.get_host(), options.get_port()),
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Tells whether what is said to the server stays on this host.
fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || Path::new(host).is_absolute()
        || matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_ever_shown() {
        let server = Server::parse("postgres://ann:hunter2@db.example:6432/warn").unwrap();
        let shown = format!("{server} {server:?} {:?}", Address::Server(server.clone()));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(server.to_string(), "postgres://ann@db.example:6432/warn");
        assert!(server.secret().contains("hunter2"));
        for wrong in
            ["mysql://ann:hunter2@h/d", "postgres://ann:hunter2@h:port/d", "postgres://ann:hunter2@h/"]
        {
            let said = Server::parse(wrong).unwrap_err().to_string();
            assert!(!said.contains("hunter2") && said.contains("postgres://USER"), "{said}");
        }
    }

    #[test]
    fn another_host_is_spoken_to_in_secret_unless_told_otherwise() {
        let mode = |url: &str| Server::parse(url).unwrap().options.get_ssl_mode();
        assert!(matches!(mode("postgres://u@db.example/d"), PgSslMode::VerifyFull));
        assert!(matches!(mode("postgres://u@db.example/d?sslmode=require"), PgSslMode::Require));
        assert!(matches!(mode("postgres://u@localhost/d"), PgSslMode::Prefer));
        assert!(matches!(mode("postgres://u@h/d?host=%2Frun%2Fpg"), PgSslMode::Prefer));
    }
}
