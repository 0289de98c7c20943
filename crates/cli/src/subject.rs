//! `forewarn operator link`: who an operator is at an identity provider.

use program::{
    Command,
    id::UserId,
    subject::{Subject, SubjectCommand},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// Lists who signs in as whom.
pub(crate) async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    #[derive(Serialize)]
    struct Listed<'a> {
        operator: &'a UserId,
        issuer: &'a str,
        subject: &'a str,
        linked: jiff::Timestamp,
        by: &'a UserId,
    }
    let program = session.engine.program().await;
    let listed: Vec<Listed<'_>> = program
        .subjects()
        .iter()
        .map(|(subject, linked)| Listed {
            operator: &linked.operator,
            issuer: &subject.issuer,
            subject: &subject.subject,
            linked: linked.at,
            by: &linked.by,
        })
        .collect();
    let rows = listed.iter().map(|it| {
        let (operator, by) = (it.operator.to_string(), it.by.to_string());
        vec![operator, it.subject.to_owned(), it.issuer.to_owned(), it.linked.to_string(), by]
    });
    output::table(common.json, &listed, &["operator", "subject", "issuer", "linked", "by"], rows)
}

/// Lets a subject sign in as an operator, or notes that one person asked for it.
pub(crate) async fn link(
    common: &Common,
    session: &Session,
    operator: UserId,
    subject: Subject,
) -> anyhow::Result<()> {
    let command = SubjectCommand::Link { operator: operator.clone(), subject: subject.clone() };
    let entries = session.engine.execute(&actor(common), Command::Subject(command)).await?;
    let done = if session.engine.program().await.subjects().operator(&subject) == Some(&operator) {
        format!("{subject} signs in as `{operator}`")
    } else {
        format!("proposed for `{operator}`: another operator runs the same command, with `--as`")
    };
    output::entries(common.json, &done, &entries)
}

/// Ends that.
pub(crate) async fn unlink(
    common: &Common,
    session: &Session,
    subject: Subject,
    reason: String,
) -> anyhow::Result<()> {
    let done = format!("{subject} signs in as nobody");
    let command = Command::Subject(SubjectCommand::Unlink { subject, reason });
    let entries = session.engine.execute(&actor(common), command).await?;
    output::entries(common.json, &done, &entries)
}

/// Whoever holds the data folder holds every key in it: a name says who that was, and proves nothing more.
fn actor(common: &Common) -> UserId {
    common.actor.clone().unwrap_or_else(UserId::console)
}
