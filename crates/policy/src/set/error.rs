//! Why a policy text is refused.

/// Says why a policy text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The schema of this crate does not load.
    #[error("the policy schema does not load: {why}; this is a defect of the build")]
    Schema {
        /// Cedar's message.
        why: String,
    },
    /// The text is not Cedar.
    #[error("policy set `{set}`, line {line}: {why}")]
    Syntax {
        /// The set's name.
        set: String,
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// Cedar's message.
        why: String,
    },
    /// The text holds a template.
    #[error("policy set `{set}` holds a template; write the entities instead of `?principal` or `?resource`")]
    Template {
        /// The set's name.
        set: String,
    },
    /// The text holds no policy.
    #[error(
        "policy set `{set}` holds no policy and would refuse everything; check that it is the right file"
    )]
    Empty {
        /// The set's name.
        set: String,
    },
    /// A policy has no usable id.
    #[error(
        "policy set `{set}`, line {line}: the policy has no usable `@id(\"…\")`; \
             give it lower-case letters, digits and hyphens"
    )]
    Unnamed {
        /// The set's name.
        set: String,
        /// The line the policy starts on, from 1.
        line: usize,
    },
    /// A policy has no sentence.
    #[error(
        "policy set `{set}`, line {line}: policy `{id}` has no `@says(\"…\")`; write its reason as a sentence"
    )]
    Silent {
        /// The set's name.
        set: String,
        /// The line the policy starts on, from 1.
        line: usize,
        /// The policy's id.
        id: String,
    },
    /// A sentence has a gap that nothing fills.
    #[error(
        "policy set `{set}`, line {line}: the sentence of policy `{id}` has the gap `{gap}`; use one of {known}"
    )]
    Gap {
        /// The set's name.
        set: String,
        /// The line the policy starts on, from 1.
        line: usize,
        /// The policy's id.
        id: String,
        /// The gap as written.
        gap: String,
        /// The gaps that are filled.
        known: String,
    },
    /// An id is used twice.
    #[error("policy set `{set}`, line {line}: the id `{id}` is taken; give each policy its own")]
    Twice {
        /// The set's name.
        set: String,
        /// The line the second policy starts on, from 1.
        line: usize,
        /// The id.
        id: String,
    },
    /// A policy does not fit the schema.
    #[error("policy set `{set}`, line {line}: policy `{id}` does not fit the schema: {why}")]
    Invalid {
        /// The set's name.
        set: String,
        /// The line, from 1; 0 where it is not known.
        line: usize,
        /// The policy's id.
        id: String,
        /// Cedar's message.
        why: String,
    },
    /// A policy computes with times in a way whose turning points cannot be found.
    #[error("policy set `{set}`, line {line}: policy `{id}` {why}")]
    Untraceable {
        /// The set's name.
        set: String,
        /// The line the policy starts on, from 1.
        line: usize,
        /// The policy's id.
        id: String,
        /// What it does, and what to write instead.
        why: String,
    },
}
