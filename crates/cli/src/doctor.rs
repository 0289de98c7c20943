//! `forewarn doctor`: whether the program can do its work, and what would keep it from that soon.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use engine::{Engine, timer::overdue};
use jiff::{SignedDuration, Timestamp};
use notify::mail::Mailer;
use policy::{KeyState, Standing};
use program::{Program, due::due};
use serde::Serialize;

use crate::{
    args::Common,
    output::{self, UNSOUND},
    session::Session,
};

/// How far ahead lapses are looked for.
const SOON: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How late a release may be before it is a finding.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Say whether the program can do its work, and what would keep it from that soon.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn doctor --data ./acme

Exit code 3 means that something is not in order. `verify` checks every byte; this looks at what a release needs.")]
pub(crate) struct DoctorArgs {
    /// The server's configuration; its mail server is tried then, and what tokens need of it is looked at
    #[arg(long, env = "FOREWARN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    what: &'static str,
    ok: bool,
    says: String,
}

pub(crate) async fn run(common: &Common, args: DoctorArgs) -> anyhow::Result<ExitCode> {
    let session = Session::open(common).await?;
    let mut findings = look(&session.engine).await;
    findings.push(outbox(&session.engine).await);
    if let Some(path) = &args.config {
        let config = crate::serve::read(path)?;
        findings.push(certificates(&session.engine, &config).await);
        findings.extend(mail(&config).await);
    }
    let sound = findings.iter().all(|finding| finding.ok);
    let rows = findings.iter().map(|finding| {
        let mark = if finding.ok { "in order" } else { "LOOK" };
        vec![finding.what.to_owned(), mark.to_owned(), finding.says.clone()]
    });
    let done = output::table(common.json, &findings, &["what", "state", "says"], rows);
    session.close(done).await?;
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::from(UNSOUND) })
}

async fn look(engine: &Engine) -> Vec<Finding> {
    let now = engine.clock().now();
    let mut findings = vec![
        of("database", engine.writable().await, "takes entries"),
        of("checkpoint", engine.checkpoint_fits().await, "fits the log"),
        of("blobs", engine.blobs_reachable().await, "can be asked for"),
    ];
    let program = engine.program().await;
    findings.push(policies(&program));
    findings.push(clock(&program, now));
    findings.push(waves(&program, now));
    findings.push(keys(&program, now));
    findings.push(lapses(&program, now));
    findings.push(told(&program));
    findings
}

fn of<E: ToString>(what: &'static str, found: Result<(), E>, good: &str) -> Finding {
    match found {
        Ok(()) => Finding { what, ok: true, says: good.to_owned() },
        Err(error) => Finding { what, ok: false, says: error.to_string() },
    }
}

fn policies(program: &Program) -> Finding {
    let closed = program.policies().closed_because();
    let says = closed.map_or_else(|| String::from("can be asked"), str::to_owned);
    Finding { what: "policies", ok: closed.is_none(), says }
}

/// The log's newest instant is the one other clock that is always there.
fn clock(program: &Program, now: Timestamp) -> Finding {
    let (ok, says) = match program.high_water() {
        Some(mark) if now < mark => {
            (false, format!("the host says {now}, the log has been at {mark}: nothing is done before then"))
        }
        Some(mark) => {
            let ago = SignedDuration::from_secs(now.duration_since(mark).as_secs());
            (true, format!("the host says {now}, the newest entry is {ago:#} old"))
        }
        None => (true, format!("the host says {now}")),
    };
    Finding { what: "clock", ok, says }
}

fn waves(program: &Program, now: Timestamp) -> Finding {
    let late = overdue(program, now, LATE);
    let says = match late.first() {
        None => String::from("none is due and not released"),
        Some((case, wave, _)) => format!(
            "{} due and not released: `forewarn wave release {case} {wave}` says why, or run `forewarn serve`",
            late.len()
        ),
    };
    Finding { what: "waves", ok: late.is_empty(), says }
}

fn keys(program: &Program, now: Timestamp) -> Finding {
    let lacking: Vec<&str> = program
        .members()
        .filter(|member| member.standing == Standing::Active)
        .filter(|member| member.key_state(program.rules(), now) != KeyState::Confirmed)
        .map(|member| member.id.as_str())
        .collect();
    let says = match lacking.as_slice() {
        [] => String::from("every active member has a confirmed one"),
        some => format!("nothing early for {}: no key that was confirmed in time", some.join(", ")),
    };
    Finding { what: "keys", ok: lacking.is_empty(), says }
}

fn lapses(program: &Program, now: Timestamp) -> Finding {
    let soon = due(program, program.policies(), now, SOON);
    let says = match soon.first() {
        None => String::from("nothing within 7 days"),
        Some(first) => format!(
            "{} within 7 days, the first {} of `{}`: see `forewarn member due`",
            soon.len(),
            first.what,
            first.member
        ),
    };
    Finding { what: "lapses", ok: soon.is_empty(), says }
}

/// How late a notice may be that was never tried.
const UNSENT: SignedDuration = SignedDuration::from_mins(5);

async fn outbox(engine: &Engine) -> Finding {
    let what = "notices";
    let waiting = match engine.waiting_notices().await {
        Ok(waiting) => waiting,
        Err(error) => return Finding { what, ok: false, says: error.to_string() },
    };
    let dead: usize = engine.program().await.notifications().map(|known| known.dead().count()).sum();
    let now = engine.clock().now();
    let unsent =
        waiting.iter().filter(|row| row.attempts == 0 && now.duration_since(row.queued) > UNSENT).count();
    let failing = waiting.iter().filter(|row| row.attempts > 0).count();
    let age = waiting.iter().map(|row| now.duration_since(row.queued)).max().unwrap_or_default();
    let age = SignedDuration::from_secs(age.as_secs());
    let says = match (dead, unsent, waiting.len()) {
        (0, 0, 0) => String::from("none waits"),
        (0, 0, some) => format!("{some} wait, the oldest for {age:#}; {failing} failed and are tried again"),
        (0, some, _) => {
            format!("{some} wait and were never tried: is `forewarn serve` running with `[notices]`?")
        }
        (some, ..) => {
            format!("{some} were given up: `forewarn notification list`, then `notification retry`")
        }
    };
    Finding { what, ok: dead == 0 && unsent == 0, says }
}

/// A proxy that speaks TLS in front of the server keeps the clients' certificates to itself.
async fn certificates(engine: &Engine, config: &server::Config) -> Finding {
    let what = "certificates";
    let now = engine.clock().now();
    let program = engine.program().await;
    let alive = |token: &&program::token::Token| token.revoked.is_none() && now < token.until;
    let bound = program.tokens().iter().filter(alive).filter(|token| token.certificate.is_some()).count();
    let asks = config.tls.as_ref().is_some_and(|tls| tls.client_certificates);
    let (ok, says) = match (bound, asks) {
        (0, _) => (true, String::from("no token is bound to one")),
        (some, true) => (true, format!("asked for; tokens bound to one: {some}")),
        (some, false) => (
            false,
            format!(
                "{some} tokens are bound to one and the server asks for none, so that they are good for nothing: \
                 set `[tls] client_certificates = true` and let no proxy end TLS before it"
            ),
        ),
    };
    Finding { what, ok, says }
}

async fn mail(config: &server::Config) -> Option<Finding> {
    let notices = config.notices.as_ref()?;
    let mail = notices.mail.as_ref()?;
    let found = match Mailer::new(mail, &notices.operators) {
        Ok(mailer) => mailer.reachable().await,
        Err(error) => Err(error.to_string()),
    };
    Some(of("mail", found, "the mail server answers"))
}

fn told(program: &Program) -> Finding {
    let untold = program.notifications().filter(|it| it.stands()).count();
    let says = match untold {
        0 => String::from("every member was told what it must be"),
        some => format!("{some} stand: see `forewarn notification list`"),
    };
    Finding { what: "notifications", ok: untold == 0, says }
}
