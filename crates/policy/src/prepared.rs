//! Questions whose parts are put into Cedar's form once and asked many times: the instant, the member, the item.

use cedar_policy::Context;
use jiff::Timestamp;

use crate::decide::{Answer, Decision, rounded};
use crate::entities::{Asked, Asker, Pair, Unformed, context};
use crate::request::{Action, Subject, Thing};
use crate::set::PolicySet;

/// Holds an instant ready to be asked at.
#[derive(Clone, Debug)]
pub struct Moment<'a> {
    set: &'a PolicySet,
    now: Timestamp,
    context: Result<Context, Unformed>,
}

/// Holds a member ready to be decided about at an instant.
#[derive(Debug)]
pub struct Asking<'a> {
    moment: Moment<'a>,
    subject: &'a Subject<'a>,
    asker: Result<Asker, Unformed>,
}

/// Holds an item ready to be decided about, for the set that made it.
#[derive(Debug)]
pub struct Wanted<'a> {
    thing: Thing<'a>,
    asked: Result<Asked, Unformed>,
}

impl PolicySet {
    /// Prepares to ask at an instant.
    pub fn at(&self, now: Timestamp) -> Moment<'_> {
        Moment { set: self, now, context: context(now) }
    }

    /// Prepares to ask about an item.
    pub fn wanted<'a>(&self, thing: &Thing<'a>) -> Wanted<'a> {
        let thing = rounded(thing);
        let vocabulary = self.vocabulary.as_ref().map_err(Unformed::clone);
        Wanted { thing, asked: vocabulary.and_then(|vocabulary| vocabulary.asked(&thing)) }
    }
}

impl<'a> Moment<'a> {
    /// Prepares to ask for a member.
    pub fn of(&self, subject: &'a Subject<'a>) -> Asking<'a> {
        let vocabulary = self.set.vocabulary.as_ref().map_err(Unformed::clone);
        let asker = vocabulary.and_then(|vocabulary| vocabulary.asker(subject));
        Asking { moment: self.clone(), subject, asker }
    }
}

impl Asking<'_> {
    /// Decides whether the member may, at the instant; denies where it cannot be sure.
    pub fn decide(&self, action: Action, wanted: &Wanted<'_>) -> Decision {
        let Moment { set, now, .. } = self.moment;
        let answer = self.answer(action, wanted).unwrap_or_else(Answer::Unformed);
        set.word(&answer, action, self.subject, &wanted.thing, now)
    }

    fn answer(&self, action: Action, wanted: &Wanted<'_>) -> Result<Answer<'_>, Unformed> {
        let set = self.moment.set;
        let vocabulary = set.vocabulary.as_ref().map_err(Unformed::clone)?;
        let asker = self.asker.as_ref().map_err(Unformed::clone)?;
        let asked = wanted.asked.as_ref().map_err(Unformed::clone)?;
        let pair = Pair::new(action, asker, asked, vocabulary)?;
        let request = pair.request(self.moment.context.clone()?)?;
        Ok(set.authorize(&set.all, &pair, &request))
    }
}
