//! People's word that entries are lost for good: a database that is older than its newest checkpoint goes on only when
//! two people have looked at both heads.

use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    embargo::second_person,
    id::{Sha256, UserId},
    program::{Program, ProgramEvent},
    refusal::Refusal,
};

/// How long a log is, and the root over its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Sha256,
}

/// What a restored log is and what it was known to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// What was restored.
    pub have: Head,
    /// The newest checkpoint that is known, which lies outside the database.
    pub newest: Head,
    /// What happened, in a person's words.
    pub reason: String,
}

/// What people said of lost entries last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Word {
    proposed: Option<(UserId, Loss)>,
    accepted: Vec<Loss>,
}

impl Word {
    /// Tells whether two people accepted that the log goes on without what this checkpoint was signed for.
    #[must_use]
    pub fn accepts(&self, newest: &Head) -> bool {
        self.accepted.iter().any(|loss| loss.newest == *newest)
    }

    /// Returns what one person proposed to accept and nobody confirmed yet.
    #[must_use]
    pub fn proposed(&self) -> Option<(&UserId, &Loss)> {
        self.proposed.as_ref().map(|(who, loss)| (who, loss))
    }

    /// Lists what was lost and accepted, oldest first.
    #[must_use]
    pub fn accepted(&self) -> &[Loss] {
        &self.accepted
    }

    pub(crate) fn propose(&mut self, actor: &UserId, loss: &Loss) {
        self.proposed = Some((actor.clone(), loss.clone()));
    }

    pub(crate) fn accept(&mut self, loss: &Loss) {
        self.proposed = None;
        self.accepted.push(loss.clone());
    }
}

/// Decides on one person's word; a second person's on the same newest head counts.
pub(crate) fn decide(program: &Program, ctx: &Context<'_>, loss: Loss) -> Result<Vec<Event>, Refusal> {
    if program.restore().accepts(&loss.newest) {
        return Ok(Vec::new());
    }
    // What was proposed names what was restored before the proposal itself was added to it.
    let proposed = program.restore().proposed().filter(|(_, known)| known.newest == loss.newest);
    let event = match proposed.filter(|(first, _)| program.first(Some(first)).is_some()) {
        None => ProgramEvent::RestoreProposed { loss },
        Some((first, known)) => {
            second_person(program, first, ctx.actor, "accept that entries are lost")?;
            ProgramEvent::RestoreAccepted { loss: known.clone() }
        }
    };
    Ok(vec![Event::Program(event)])
}
