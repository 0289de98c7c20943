//! The answer of the policies at one instant.

use cedar_policy::{AuthorizationError, Request};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::entities::{Pair, Unformed, context};
use crate::instant::up;
use crate::request::{Action, Subject, Thing};
use crate::says;
use crate::set::{PolicySet, Rule};

/// Says whether the member may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It may.
    Permit,
    /// It may not.
    Deny,
}

/// Holds an answer, with what decided it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Whether the member may.
    pub effect: Effect,
    /// The ids of the policies that decided, in the order of the policy text; empty where none applied.
    pub policies: Vec<String>,
    /// What those policies read, for example `standing: suspended`.
    pub facts: Vec<String>,
    /// The same for a person.
    pub says: String,
}

impl PolicySet {
    /// Decides whether the member may, at `now`; denies where it cannot be sure.
    pub fn decide(
        &self,
        action: Action,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        now: Timestamp,
    ) -> Decision {
        self.at(now).of(subject).decide(action, &self.wanted(thing))
    }

    /// Builds the entities of a question whose instants are in whole milliseconds.
    pub(crate) fn pair(
        &self,
        action: Action,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
    ) -> Result<Pair, Unformed> {
        let vocabulary = self.vocabulary.as_ref().map_err(Unformed::clone)?;
        Pair::new(action, &vocabulary.asker(subject)?, &vocabulary.asked(thing)?, vocabulary)
    }

    /// Asks every policy at one instant.
    pub(crate) fn ask(&self, pair: &Pair, now: Timestamp) -> Answer<'_> {
        self.ask_of(&self.all, pair, now)
    }

    /// Asks the permits alone: would tier and class give it, were there no bar?
    pub(crate) fn grants_at(&self, pair: &Pair, now: Timestamp) -> bool {
        matches!(self.ask_of(&self.grants, pair, now), Answer::Permit(_))
    }

    /// Puts an answer into words.
    pub(crate) fn word(
        &self,
        answer: &Answer<'_>,
        action: Action,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        now: Timestamp,
    ) -> Decision {
        let (effect, rules, start) = match answer {
            Answer::Permit(rules) => (Effect::Permit, rules.clone(), "permitted"),
            Answer::Deny(rules) => (Effect::Deny, rules.clone(), "denied"),
            Answer::Error(rules) => {
                (Effect::Deny, rules.clone(), "denied, since a policy could not be evaluated")
            }
            Answer::Unformed(why) => {
                let says = format!("denied: the question could not be put to the policies ({why})");
                return Decision { effect: Effect::Deny, policies: Vec::new(), facts: Vec::new(), says };
            }
        };
        let (because, read) = if rules.is_empty() {
            let permits: Vec<_> = self.rules().iter().filter(|rule| rule.permits).collect();
            let (member, item) = (subject.member, thing.item);
            (format!("no policy lets `{member}` {action} `{item}` at {now}"), permits)
        } else {
            (says::sentences(rules.iter().copied(), subject, thing).join("; "), rules.clone())
        };
        Decision {
            effect,
            policies: rules.iter().map(|rule| rule.id.clone()).collect(),
            facts: says::facts(&read, subject, thing, now),
            says: format!("{start}: {because}"),
        }
    }

    fn ask_of(&self, policies: &cedar_policy::PolicySet, pair: &Pair, now: Timestamp) -> Answer<'_> {
        match context(now).and_then(|context| pair.request(context)) {
            Ok(request) => self.authorize(policies, pair, &request),
            Err(why) => Answer::Unformed(why),
        }
    }

    /// Puts a request to policies.
    pub(crate) fn authorize(
        &self,
        policies: &cedar_policy::PolicySet,
        pair: &Pair,
        request: &Request,
    ) -> Answer<'_> {
        let response = self.authorizer.is_authorized(request, policies, &pair.entities);
        let diagnostics = response.diagnostics();
        // Cedar skips a forbid that fails, which would open what it bars: any error denies.
        let failed: Vec<_> = diagnostics
            .errors()
            .map(|AuthorizationError::PolicyEvaluationError(error)| error.policy_id())
            .collect();
        if !failed.is_empty() {
            return Answer::Error(self.named(|id| failed.iter().any(|failed| failed.to_string() == id)));
        }
        let reasons: Vec<_> = diagnostics.reason().collect();
        let rules = self.named(|id| reasons.iter().any(|reason| AsRef::<str>::as_ref(*reason) == id));
        match response.decision() {
            cedar_policy::Decision::Allow => Answer::Permit(rules),
            cedar_policy::Decision::Deny => Answer::Deny(rules),
        }
    }

    fn named(&self, wanted: impl Fn(&str) -> bool) -> Vec<&Rule> {
        self.rules().iter().filter(|rule| wanted(&rule.id)).collect()
    }
}

/// Holds a raw answer: the policies that decided it, in the order of the text.
#[derive(Clone, Debug)]
pub(crate) enum Answer<'p> {
    Permit(Vec<&'p Rule>),
    /// By these forbids; by default where there is none.
    Deny(Vec<&'p Rule>),
    /// These policies could not be evaluated.
    Error(Vec<&'p Rule>),
    /// There was no question to ask.
    Unformed(Unformed),
}

/// Returns the thing with its public instant in whole milliseconds, never earlier.
pub(crate) fn rounded<'a>(thing: &Thing<'a>) -> Thing<'a> {
    Thing { public: thing.public.map(up), ..*thing }
}

#[cfg(test)]
pub(crate) mod tests;
