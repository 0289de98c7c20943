//! By what a member's deed came: a token of its machines, or the passkey of somebody there.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    context::Context,
    id::{MemberId, PasskeyId, TokenId},
    passkey,
    program::Program,
    refusal::Refusal,
    token::{self, Scope},
};

/// What was shown; in the log one field, `token` or `passkey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// A token.
    Token(TokenId),
    /// A passkey, by which a session was opened.
    Passkey(PasskeyId),
}

impl By {
    /// Checks again, when a command is decided, that what was shown is good for it: much may have happened since.
    pub(crate) fn check(
        self,
        program: &Program,
        ctx: &Context<'_>,
        member: &MemberId,
        scope: Scope,
    ) -> Result<(), Refusal> {
        match self {
            Self::Token(id) => token::check(program, ctx, id, member, scope),
            Self::Passkey(id) => passkey::check(program, id, member),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(id) => id.fmt(f),
            Self::Passkey(id) => id.fmt(f),
        }
    }
}
