//! From a request that breaks a theorem to a scenario that a person can read and `policy test` can run.

use std::str::FromStr;

use cedar_policy::{EvalResult, Expression};
use cedar_policy_symcc::Env;
use jiff::Timestamp;
use policy::{
    Action, Class, DutySubject, Fact, FactKind, KeyState, Lead, Restriction, Scenario, Standing, Subject,
    Thing, Tier, Trigger,
};

/// Returns the scenario of a request; nothing where its lengths of time are not whole seconds, which no tier and
/// no duty can have.
///
/// The facts are chosen such that they come to the same attributes as the request has: that is tried on the real
/// policies by whoever asks.
pub(crate) fn scenario(found: &Env, named: bool) -> Option<Scenario> {
    let request = Request(found);
    let tier = Tier {
        id: request.name("principal.tier", named, "tier")?,
        lead: request.length("principal.tier.lead")?,
        classes: Class::ALL.iter().copied().filter(|class| request.has_class(*class)).collect(),
    };
    let facts = request.facts()?;
    let member = request.name("principal", named, "member")?;
    let restriction = Restriction {
        classes: Class::ALL.iter().copied().filter(|class| request.is_restricted(*class)).collect(),
        until: request.optional("principal", "restricted_until")?,
    };
    let subject = Subject {
        member: &member,
        tier: &tier,
        standing: request.word(Standing::ALL, "principal.standing", "Standing", Standing::as_str)?,
        agreement_until: request.optional("principal", "agreement_until")?,
        key: request.word(KeyState::ALL, "principal.key", "Key", KeyState::as_str)?,
        facts: &facts,
        restriction: Some(&restriction).filter(|restriction| !restriction.classes.is_empty()),
    };
    let item = request.name("resource", named, "item")?;
    let thing = Thing {
        item: &item,
        class: request.word(Class::ALL, "resource.class", "Class", Class::as_str)?,
        public: request.optional("resource", "public")?,
    };
    let action = Action::ALL.iter().find(|action| request.is(&format!("action == Action::\"{action}\"")))?;
    Some(Scenario::of(*action, &subject, &thing, request.instant("context.now")?))
}

/// A request with its entities, asked in Cedar's own words: the solver's way of writing values does not matter.
struct Request<'a>(&'a Env);

impl Request<'_> {
    fn value(&self, expression: &str) -> Option<EvalResult> {
        let expression = Expression::from_str(expression).ok()?;
        cedar_policy::eval_expression(&self.0.request, &self.0.entities, &expression).ok()
    }

    fn is(&self, expression: &str) -> bool {
        self.value(expression) == Some(EvalResult::Bool(true))
    }

    fn number(&self, expression: &str) -> Option<i64> {
        match self.value(expression)? {
            EvalResult::Long(number) => Some(number),
            _ => None,
        }
    }

    fn instant(&self, path: &str) -> Option<Timestamp> {
        let since = format!("{path}.durationSince(datetime(\"1970-01-01\")).toMilliseconds()");
        Timestamp::from_millisecond(self.number(&since)?).ok()
    }

    fn optional(&self, of: &str, attribute: &str) -> Option<Option<Timestamp>> {
        if !self.is(&format!("{of} has {attribute}")) {
            return Some(None);
        }
        self.instant(&format!("{of}.{attribute}")).map(Some)
    }

    fn length(&self, path: &str) -> Option<Lead> {
        let millis = self.number(&format!("{path}.toMilliseconds()"))?;
        let seconds = (millis % 1_000 == 0).then_some(millis / 1_000)?;
        u32::try_from(seconds).ok().map(Lead::from_seconds)
    }

    fn word<T: Copy>(&self, all: &[T], path: &str, kind: &str, text: fn(T) -> &'static str) -> Option<T> {
        all.iter().copied().find(|word| self.is(&format!("{path} == {kind}::\"{}\"", text(*word))))
    }

    fn has_class(&self, class: Class) -> bool {
        self.is(&format!("principal.tier.classes.contains(Class::\"{class}\")"))
    }

    fn is_restricted(&self, class: Class) -> bool {
        self.is(&format!("principal.restricted_classes.contains(Class::\"{class}\")"))
    }

    /// The solver's names are arbitrary, and matter only to a set that names somebody.
    fn name(&self, path: &str, named: bool, instead: &str) -> Option<String> {
        match self.value(path)? {
            EvalResult::EntityUid(uid) if named => Some(uid.id().unescaped().to_owned()),
            _ => Some(instead.to_owned()),
        }
    }

    /// Facts that come to the request's duties, confirmation and its end.
    fn facts(&self) -> Option<Vec<Fact>> {
        let until = self.optional("principal", "duty_confirmed_until")?;
        let mut facts = Vec::new();
        for subject in DutySubject::ALL.iter().filter(|subject| **subject != DutySubject::None) {
            for trigger in Trigger::ALL {
                let duty = format!("{}_on_{trigger}", subject.as_str().replace('-', "_"));
                if !self.is(&format!("principal.duties has {duty}")) {
                    continue;
                }
                let path = format!("principal.duties.{duty}");
                let deadline = match self.is(&format!("{path} has deadline")) {
                    true => Some(self.length(&format!("{path}.deadline"))?),
                    false => None,
                };
                facts.push(Fact {
                    subject: Some(*subject),
                    trigger: Some(*trigger),
                    deadline,
                    ..statement(until)
                });
            }
        }
        if facts.is_empty() && until.is_some() {
            facts.push(Fact { subject: Some(DutySubject::None), ..statement(until) });
        }
        let unconfirmed = until.is_none() && !facts.is_empty();
        if self.is("principal.duty_unconfirmed") && !unconfirmed {
            facts.push(statement(None));
        }
        Some(facts)
    }
}

fn statement(until: Option<Timestamp>) -> Fact {
    Fact { kind: FactKind::DisclosureDuty, subject: None, trigger: None, deadline: None, says: None, until }
}
