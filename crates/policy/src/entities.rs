//! From facts to Cedar entities. No rule is applied here: only what is on record is handed over.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};
use jiff::{Timestamp, fmt::temporal::DateTimePrinter};

use crate::facts::{Class, DutySubject, Fact, FactKind, KeyState, Standing, Trigger};
use crate::instant::{down, up};
use crate::lead::Lead;
use crate::request::{Action, Subject, Thing};

/// Says, in Cedar's words or ours, why a request could not be formed.
pub(crate) type Unformed = String;

/// Holds the parsed type names and the words that every request shares.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    member: EntityTypeName,
    item: EntityTypeName,
    tier: EntityTypeName,
    standing: Vec<(Standing, RestrictedExpression)>,
    class: Vec<(Class, RestrictedExpression)>,
    key: Vec<(KeyState, RestrictedExpression)>,
    list: EntityUid,
    fetch: EntityUid,
}

/// Holds one member as Cedar sees it, with its tier: made once, asked about many items.
#[derive(Debug)]
pub(crate) struct Asker {
    uid: EntityUid,
    entities: [Entity; 2],
}

/// Holds one item as Cedar sees it.
#[derive(Debug)]
pub(crate) struct Asked {
    uid: EntityUid,
    entity: Entity,
}

/// Holds one member and one item as Cedar sees them; only the instant is still open.
#[derive(Debug)]
pub(crate) struct Pair {
    member: EntityUid,
    item: EntityUid,
    action: EntityUid,
    pub(crate) entities: Entities,
}

impl Vocabulary {
    pub(crate) fn new() -> Result<Self, Unformed> {
        let named = |name| EntityTypeName::from_str(name).map_err(unformed);
        let action = named("Action")?;
        Ok(Self {
            member: named("Member")?,
            item: named("Item")?,
            tier: named("Tier")?,
            standing: words(&named("Standing")?, Standing::ALL, Standing::as_str),
            class: words(&named("Class")?, Class::ALL, Class::as_str),
            key: words(&named("Key")?, KeyState::ALL, KeyState::as_str),
            list: uid(&action, Action::List.as_str()),
            fetch: uid(&action, Action::Fetch.as_str()),
        })
    }

    /// Builds the entities of a member.
    pub(crate) fn asker(&self, subject: &Subject<'_>) -> Result<Asker, Unformed> {
        let uid = uid(&self.member, subject.member);
        Ok(Asker { entities: [self.tier(subject)?, self.member(uid.clone(), subject)?], uid })
    }

    /// Builds the entity of an item.
    pub(crate) fn asked(&self, thing: &Thing<'_>) -> Result<Asked, Unformed> {
        let uid = uid(&self.item, thing.item);
        Ok(Asked { entity: self.item(uid.clone(), thing)?, uid })
    }

    fn tier(&self, subject: &Subject<'_>) -> Result<Entity, Unformed> {
        let tier = subject.tier;
        let classes =
            self.class.iter().filter(|(class, _)| tier.classes.contains(class)).map(|(_, word)| word.clone());
        let attributes = [
            ("lead".to_owned(), duration(tier.lead)),
            ("classes".to_owned(), RestrictedExpression::new_set(classes)),
        ];
        entity(uid(&self.tier, &tier.id), attributes)
    }

    fn member(&self, uid: EntityUid, subject: &Subject<'_>) -> Result<Entity, Unformed> {
        let tier = RestrictedExpression::new_entity_uid(self::uid(&self.tier, &subject.tier.id));
        let required = [
            ("standing".to_owned(), word(&self.standing, subject.standing)?),
            ("tier".to_owned(), tier),
            ("key".to_owned(), word(&self.key, subject.key)?),
            ("duties".to_owned(), duties(subject.facts)?),
            (
                "duty_unconfirmed".to_owned(),
                RestrictedExpression::new_bool(unconfirmed(subject.facts).next().is_some()),
            ),
        ];
        let taken = subject.restriction.map(|restriction| &restriction.classes);
        let taken = self
            .class
            .iter()
            .filter(|(class, _)| taken.is_some_and(|taken| taken.contains(class)))
            .map(|(_, word)| word.clone());
        let taken = ("restricted_classes".to_owned(), RestrictedExpression::new_set(taken));
        let lifted = subject.restriction.and_then(|restriction| restriction.until);
        let lifted = lifted.map(|until| ("restricted_until".to_owned(), datetime(up(until))));
        let agreement = subject.agreement_until.map(|until| ("agreement_until".to_owned(), datetime(until)));
        let confirmed = first_expiry(subject.facts);
        let confirmed = confirmed.map(|until| ("duty_confirmed_until".to_owned(), datetime(until)));
        entity(uid, required.into_iter().chain([taken]).chain(lifted).chain(agreement).chain(confirmed))
    }

    fn item(&self, uid: EntityUid, thing: &Thing<'_>) -> Result<Entity, Unformed> {
        let class = [("class".to_owned(), word(&self.class, thing.class)?)];
        let public = thing.public.map(|public| ("public".to_owned(), datetime(public)));
        entity(uid, class.into_iter().chain(public))
    }
}

impl Pair {
    /// Puts the entities of one question together.
    pub(crate) fn new(
        action: Action,
        asker: &Asker,
        asked: &Asked,
        vocabulary: &Vocabulary,
    ) -> Result<Self, Unformed> {
        let [tier, member] = asker.entities.clone();
        let entities = Entities::from_entities([tier, member, asked.entity.clone()], None);
        let action = match action {
            Action::List => vocabulary.list.clone(),
            Action::Fetch => vocabulary.fetch.clone(),
        };
        let (member, item) = (asker.uid.clone(), asked.uid.clone());
        Ok(Self { member, item, action, entities: entities.map_err(unformed)? })
    }

    /// Asks at the instant of a context.
    pub(crate) fn request(&self, context: Context) -> Result<Request, Unformed> {
        Request::new(self.member.clone(), self.action.clone(), self.item.clone(), context, None)
            .map_err(unformed)
    }
}

/// Builds what a request says of its instant.
pub(crate) fn context(now: Timestamp) -> Result<Context, Unformed> {
    Context::from_pairs([("now".to_owned(), datetime(now))]).map_err(unformed)
}

/// Tells whether a policy may read this path, as the schema has it.
pub(crate) fn is_attribute(path: &str) -> bool {
    const PLAIN: [&str; 17] = [
        "principal",
        "principal.agreement_until",
        "principal.duties",
        "principal.duty_confirmed_until",
        "principal.duty_unconfirmed",
        "principal.key",
        "principal.restricted_classes",
        "principal.restricted_until",
        "principal.standing",
        "principal.tier",
        "principal.tier.classes",
        "principal.tier.lead",
        "resource",
        "resource.class",
        "resource.public",
        "context",
        "context.now",
    ];
    let duty = |name: &str| {
        let name = name.strip_suffix(".deadline").unwrap_or(name);
        let subjects = DutySubject::ALL.iter().filter(|subject| **subject != DutySubject::None);
        let mut names =
            subjects.flat_map(|subject| Trigger::ALL.iter().map(|trigger| attribute(*subject, *trigger)));
        names.any(|known| known == name)
    };
    PLAIN.contains(&path) || path.strip_prefix("principal.duties.").is_some_and(duty)
}

/// Returns the name of the attribute under `duties` for a duty, if the fact says what the duty is.
pub(crate) fn duty_name(fact: &Fact) -> Option<String> {
    let subject = fact.subject.filter(|subject| *subject != DutySubject::None && is_duty(fact))?;
    Some(attribute(subject, fact.trigger?))
}

fn attribute(subject: DutySubject, trigger: Trigger) -> String {
    format!("{}_on_{trigger}", subject.as_str().replace('-', "_"))
}

/// Returns the disclosure-duty statements that were never confirmed or do not say what the duty is.
///
/// A third-party duty must name its trigger; of the other subjects the trigger bars nothing.
pub(crate) fn unconfirmed(facts: &[Fact]) -> impl Iterator<Item = &Fact> {
    facts.iter().filter(|fact| is_duty(fact)).filter(|fact| match fact.subject {
        None => true,
        Some(DutySubject::ThirdPartyVulnerability) if fact.trigger.is_none() => true,
        Some(_) => fact.until.is_none(),
    })
}

/// Returns the instant at which the first confirmation of a disclosure-duty statement expires.
pub(crate) fn first_expiry(facts: &[Fact]) -> Option<Timestamp> {
    facts.iter().filter(|fact| is_duty(fact)).filter_map(|fact| fact.until).min()
}

pub(crate) fn is_duty(fact: &Fact) -> bool {
    fact.kind == FactKind::DisclosureDuty
}

fn duties(facts: &[Fact]) -> Result<RestrictedExpression, Unformed> {
    let names: HashSet<_> = facts.iter().filter_map(duty_name).collect();
    let records = names.into_iter().map(|name| {
        let same = || facts.iter().filter(|fact| duty_name(fact).as_ref() == Some(&name));
        let open_ended = same().any(|fact| fact.deadline.is_none());
        let shortest = same().filter_map(|fact| fact.deadline).min().filter(|_| !open_ended);
        let deadline = shortest.map(|deadline| ("deadline".to_owned(), duration(deadline)));
        let duty = RestrictedExpression::new_record(deadline).map_err(unformed)?;
        Ok((name, duty))
    });
    RestrictedExpression::new_record(records.collect::<Result<Vec<_>, Unformed>>()?).map_err(unformed)
}

fn words<T: Copy>(
    name: &EntityTypeName,
    all: &[T],
    text: fn(T) -> &'static str,
) -> Vec<(T, RestrictedExpression)> {
    all.iter().map(|value| (*value, RestrictedExpression::new_entity_uid(uid(name, text(*value))))).collect()
}

fn word<T: Copy + PartialEq + Display>(
    words: &[(T, RestrictedExpression)],
    wanted: T,
) -> Result<RestrictedExpression, Unformed> {
    let found = words.iter().find(|(value, _)| *value == wanted);
    found.map(|(_, word)| word.clone()).ok_or_else(|| format!("`{wanted}` is not in the schema"))
}

fn uid(name: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(name.clone(), EntityId::new(id))
}

fn entity(
    uid: EntityUid,
    attributes: impl IntoIterator<Item = (String, RestrictedExpression)>,
) -> Result<Entity, Unformed> {
    Entity::new_with_tags(uid, attributes, [], []).map_err(unformed)
}

/// Writes an instant in Cedar's form, in whole milliseconds; a public instant was rounded up before.
pub(crate) fn datetime(at: Timestamp) -> RestrictedExpression {
    const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let at = down(at);
    let write = || RestrictedExpression::new_datetime(MILLISECONDS.timestamp_to_string(&at));
    INSTANTS.with(|known| known.try_borrow_mut().map_or_else(|_| write(), |mut known| known.of(at, write)))
}

thread_local! {
    /// Facts' instants are asked for over and over, and for each Cedar parses the name of its function anew.
    static INSTANTS: RefCell<Instants> = RefCell::default();
}

/// Instants in Cedar's form, a bounded number of them.
#[derive(Default)]
struct Instants(HashMap<Timestamp, RestrictedExpression>);

impl Instants {
    const MOST: usize = 1024;

    fn of(&mut self, at: Timestamp, write: impl FnOnce() -> RestrictedExpression) -> RestrictedExpression {
        if let Some(known) = self.0.get(&at) {
            return known.clone();
        }
        if self.0.len() >= Self::MOST {
            self.0.clear();
        }
        self.0.entry(at).or_insert_with(write).clone()
    }
}

fn duration(lead: Lead) -> RestrictedExpression {
    RestrictedExpression::new_duration(format!("{}s", lead.seconds()))
}

fn unformed(error: impl Display) -> Unformed {
    error.to_string()
}
