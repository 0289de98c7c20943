//! A case's embargo, for operators: who asks first and who agrees are two people.

use jiff::Timestamp;
use program::{Command, embargo::EmbargoCommand};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, name},
        members::Reason,
    },
    problem::Problem,
};

/// An end that is proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// The instant the embargo shall end.
    ends: Timestamp,
}

/// A proposal that is accepted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Acceptance {
    /// The end as the accepting person saw it proposed; another one is not accepted.
    ends: Timestamp,
}

act! {
    /// Propose an end of the embargo, or another end
    present propose "/api/v1/cases/{case}/embargo/propose" ("case"; String) takes End =>
    |case, End { ends }| about(&case, EmbargoCommand::Propose { ends })
}

act! {
    /// Accept the end that is proposed; somebody else than who proposed it
    present accept "/api/v1/cases/{case}/embargo/accept" ("case"; String) takes Acceptance =>
    |case, Acceptance { ends }| about(&case, EmbargoCommand::Accept { ends: Some(ends) })
}

act! {
    /// Reject the end that is proposed
    present reject "/api/v1/cases/{case}/embargo/reject" ("case"; String) =>
    |case| about(&case, EmbargoCommand::Reject)
}

act! {
    /// Keep the embargo although attacks were observed
    present keep "/api/v1/cases/{case}/embargo/keep" ("case"; String) takes Reason =>
    |case, Reason { reason }| about(&case, EmbargoCommand::Keep { reason })
}

act! {
    /// End the embargo early and release nothing yet; takes effect when a second person says the same
    present terminate "/api/v1/cases/{case}/embargo/terminate" ("case"; String) takes Reason =>
    |case, Reason { reason }| about(&case, EmbargoCommand::Terminate { reason })
}

fn about(case: &str, command: EmbargoCommand) -> Result<Command, Problem> {
    Ok(Command::Embargo(name(case)?, command))
}
