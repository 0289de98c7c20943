//! A throw-away PostgreSQL: a cluster of its own without TCP, or databases on one that the caller named.
//!
//! `FOREWARN_TEST_POSTGRES` names a server, as `postgres://…/postgres?host=…`, whose databases may come and go. Without
//! it every test that asks starts its own. Where there is no PostgreSQL, tests on it are skipped, and fail in CI.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::atomic::{AtomicU32, Ordering},
};

use tempfile::TempDir;

/// A cluster that goes away with this.
pub struct Cluster {
    dir: TempDir,
    bin: PathBuf,
    as_postgres: bool,
}

/// An empty database, with the cluster it is on if that is its own.
pub struct Database {
    pub url: String,
    _cluster: Option<Cluster>,
}

impl Cluster {
    /// Starts one; nothing where there is no PostgreSQL.
    pub fn start() -> Option<Self> {
        let Some(bin) = binaries() else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "PostgreSQL is missing, and this is CI");
            println!("skipped: PostgreSQL is missing");
            return None;
        };
        let dir = tempfile::tempdir().unwrap();
        // The server refuses to run as root, and the user it runs as then must own its folder.
        let as_postgres = text(Command::new("id").arg("-u")).trim() == "0";
        if as_postgres {
            done(Command::new("chown").arg("postgres").arg(dir.path()));
        }
        let cluster = Self { dir, bin, as_postgres };
        done(
            cluster
                .run("initdb")
                .arg("-D")
                .arg(cluster.data())
                .args(["-U", "forewarn", "-A", "trust"])
                .args(["-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]),
        );
        cluster.resume();
        Some(cluster)
    }

    /// Starts the server again after [`Cluster::halt`].
    pub fn resume(&self) {
        let options = format!(
            "-k {} -c listen_addresses='' -c fsync=off -c full_page_writes=off -c max_connections=200",
            self.dir.path().display()
        );
        let log = self.dir.path().join("log");
        done(self.control().args(["-w", "-l"]).arg(log).args(["-o", &options, "start"]));
    }

    /// Stops the server as a crash does: every connection breaks.
    pub fn halt(&self) {
        done(self.control().args(["-m", "immediate", "stop"]));
    }

    /// Makes an empty database; returns its address.
    pub fn database(&self) -> String {
        create(&format!("postgres://forewarn@localhost/postgres?host={}", self.dir.path().display()))
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn control(&self) -> Command {
        let mut command = self.run("pg_ctl");
        command.arg("-D").arg(self.data());
        command
    }

    fn run(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = if self.as_postgres {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The user may not be allowed into the present folder.
        command.current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.control().args(["-m", "immediate", "stop"]).output();
    }
}

/// Makes an empty database; nothing where there is no PostgreSQL.
pub fn database() -> Option<Database> {
    if let Ok(server) = std::env::var("FOREWARN_TEST_POSTGRES") {
        return Some(Database { url: create(&server), _cluster: None });
    }
    let cluster = Cluster::start()?;
    Some(Database { url: cluster.database(), _cluster: Some(cluster) })
}

/// Runs a statement as the owner of a database.
pub fn psql(url: &str, statement: &str) -> String {
    text(Command::new("psql").args([url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]))
}

fn create(server: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let name = format!("t{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    psql(server, &format!("CREATE DATABASE {name}"));
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}

fn binaries() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path().join("bin"))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let beside = std::env::split_paths(&path).find(|folder| folder.join("initdb").exists());
    versions.pop().or(beside)
}

fn text(command: &mut Command) -> String {
    String::from_utf8(done(command).stdout).unwrap()
}

fn done(command: &mut Command) -> Output {
    let shown = format!("{command:?}");
    // What a server that stays behind inherits would be waited for: its output goes to its log.
    let quiet = Path::new(command.get_program()).ends_with("pg_ctl") || shown.contains("pg_ctl");
    if quiet {
        command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    }
    let output = command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    assert!(output.status.success(), "{shown}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
