//! Duties of a member: which follow from its facts by a pack of laws, and what of them is to be recorded.

use std::collections::{BTreeMap, btree_map::Entry};

use jiff::{Timestamp, civil::Date};
use policy::{
    DutySubject, Fact, FactKind, Lead, Trigger,
    duties::{Finding, Pack, Verdict},
};
use serde::Serialize;

use crate::member::{Member, MemberCommand, fact_key};

/// What a pack makes of a member's facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Duties<'a> {
    /// The day the pack is of.
    pub pack: Date,
    /// What the pack is not.
    pub notice: &'a str,
    /// Every duty of the pack.
    pub duties: Vec<Derived<'a>>,
    /// What on record does not go together, in words.
    pub contradictions: Vec<String>,
}

/// A duty, and whether it follows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Derived<'a> {
    /// Its name.
    pub id: &'a str,
    /// Whether it follows.
    pub verdict: Verdict,
    /// Why, in words.
    pub because: Vec<String>,
    /// The law.
    pub law: &'a str,
    /// Where in it.
    pub article: &'a str,
    /// Where to read it.
    pub source: &'a str,
    /// What must be told.
    pub subject: DutySubject,
    /// What starts it.
    pub trigger: Trigger,
    /// How long it leaves; absent where it is open-ended.
    pub deadline: Option<Lead>,
    /// Who is told.
    pub recipient: &'a str,
    /// Whether it is on record.
    pub recorded: bool,
}

/// A person's word that duties hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmed {
    /// Until when.
    pub until: Timestamp,
    /// What it rests on.
    pub evidence: String,
}

/// Returns what a pack makes of a member's facts at an instant.
#[must_use]
pub fn duties<'a>(pack: &'a Pack, member: &Member, now: Timestamp) -> Duties<'a> {
    let found = derive(pack, member, now);
    let contradictions = at_odds(member, &found);
    let duties = found.into_iter().map(|finding| derived(member, finding)).collect();
    Duties { pack: pack.version, notice: &pack.notice, duties, contradictions }
}

/// Returns what records the duties that follow, as confirmed or as never confirmed.
///
/// What is on record already is never made less sure; with a confirmation of its own it is renewed.
#[must_use]
pub fn to_record(
    pack: &Pack,
    member: &Member,
    now: Timestamp,
    confirmed: Option<&Confirmed>,
) -> Vec<MemberCommand> {
    // Two laws that ask the same within the same time are one fact, which says both.
    let mut wanted: BTreeMap<String, (Fact, Vec<String>)> = BTreeMap::new();
    for finding in derive(pack, member, now).iter().filter(|finding| finding.verdict == Verdict::Follows) {
        let fact = finding.duty.fact(confirmed.map(|confirmed| confirmed.until));
        let why = format!("{} (because {})", finding.duty.id, finding.because.join(", "));
        match wanted.entry(fact_key(&fact)) {
            Entry::Vacant(place) => {
                place.insert((fact, vec![why]));
            }
            Entry::Occupied(mut place) => {
                let (known, whys) = place.get_mut();
                known.says =
                    Some([known.says.take(), fact.says].into_iter().flatten().collect::<Vec<_>>().join("; "));
                whys.push(why);
            }
        }
    }
    wanted.retain(|key, _| confirmed.is_some() || !member.facts.contains_key(key));
    let command = |(fact, whys): (Fact, Vec<String>)| {
        let derived = format!("derived from the pack of {}: {}", pack.version, whys.join("; "));
        let evidence = match confirmed {
            Some(Confirmed { evidence, .. }) => format!("{evidence}; {derived}"),
            None => format!("{derived}; not confirmed by a person yet"),
        };
        MemberCommand::RecordFact { fact, evidence }
    };
    wanted.into_values().map(command).collect()
}

fn derive<'a>(pack: &'a Pack, member: &Member, now: Timestamp) -> Vec<Finding<'a>> {
    let facts: Vec<&Fact> = member.facts.values().map(|recorded| &recorded.fact).collect();
    pack.derive(&facts, now)
}

fn derived<'a>(member: &Member, Finding { duty, verdict, because }: Finding<'a>) -> Derived<'a> {
    Derived {
        id: &duty.id,
        verdict,
        because,
        law: &duty.law,
        article: &duty.article,
        source: &duty.source,
        subject: duty.subject,
        trigger: duty.trigger,
        deadline: duty.deadline,
        recipient: &duty.recipient,
        recorded: member.facts.contains_key(&fact_key(&duty.fact(None))),
    }
}

/// A member that said it is under no duty, and facts from which one follows: somebody has to ask again.
fn at_odds(member: &Member, found: &[Finding<'_>]) -> Vec<String> {
    let says_none = member.facts.iter().find(|(_, recorded)| {
        recorded.fact.kind == FactKind::DisclosureDuty && recorded.fact.subject == Some(DutySubject::None)
    });
    let Some((key, _)) = says_none else { return Vec::new() };
    let follows = found.iter().filter(|finding| finding.verdict == Verdict::Follows);
    let says = |finding: &Finding<'_>| {
        format!(
            "`{}` follows, but fact {key} says that there is no duty: ask again, then withdraw one",
            finding.duty.id
        )
    };
    follows.map(says).collect()
}
