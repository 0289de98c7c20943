//! How what happened changes a member's record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use policy::Standing;

use super::{Key, Member, MemberEvent, ProposedMove, RecordedFact, SigningKey, fact_key};
use crate::{
    id::{MemberId, UserId},
    vetting::Sheet,
};

pub(crate) fn apply(
    members: &mut BTreeMap<MemberId, Member>,
    event: &MemberEvent,
    at: Timestamp,
    actor: &UserId,
) {
    if let MemberEvent::Applied { member, name } = event {
        let place = u32::try_from(members.len()).unwrap_or(u32::MAX);
        members.insert(member.clone(), applicant(member, place, name, actor));
        return;
    }
    let Some(member) = members.get_mut(event.member()) else { return };
    match event {
        MemberEvent::Applied { .. } => {}
        MemberEvent::Moved { to, reason, .. } => {
            member.standing = *to;
            member.reason.clone_from(reason);
            member.moved_by = actor.clone();
            member.proposed_move = None;
        }
        MemberEvent::MoveProposed { to, reason, .. } => {
            member.proposed_move = Some(ProposedMove { to: *to, reason: reason.clone(), by: actor.clone() });
        }
        MemberEvent::Tiered { tier, .. } => member.tier = Some(tier.clone()),
        MemberEvent::Signed { agreement, .. } => member.agreement = Some(agreement.clone()),
        MemberEvent::FactRecorded { fact, evidence, .. } => {
            let recorded =
                RecordedFact { fact: fact.clone(), evidence: evidence.clone(), at, by: actor.clone() };
            member.facts.insert(fact_key(fact), recorded);
        }
        MemberEvent::FactWithdrawn { key, .. } => {
            member.facts.remove(key);
        }
        MemberEvent::KeyAdded { recipient, fingerprint, .. } => member.keys.push(Key {
            recipient: recipient.clone(),
            fingerprint: fingerprint.clone(),
            confirmed_by: None,
            confirmed_at: None,
        }),
        MemberEvent::KeyConfirmed { fingerprint, .. } => {
            if let Some(place) = member.keys.iter().position(|key| key.fingerprint == *fingerprint) {
                let mut key = member.keys.remove(place);
                key.confirmed_by = Some(actor.clone());
                key.confirmed_at = Some(at);
                member.keys.push(key);
            }
        }
        MemberEvent::SigningKeyAdded { key, fingerprint, .. } => member.signing_keys.push(SigningKey {
            key: key.clone(),
            fingerprint: fingerprint.clone(),
            confirmed: None,
        }),
        MemberEvent::SigningKeyConfirmed { fingerprint, .. } => {
            let place = member.signing_keys.iter().position(|key| key.fingerprint == *fingerprint);
            if let Some(place) = place {
                let mut key = member.signing_keys.remove(place);
                key.confirmed = Some((actor.clone(), at));
                member.signing_keys.push(key);
            }
        }
        MemberEvent::SignatureRequired { required, .. } => member.signature_required = *required,
        MemberEvent::KeyReconfirmed { fingerprint, .. } => {
            if let Some(key) = member.keys.iter_mut().find(|key| key.fingerprint == *fingerprint) {
                key.confirmed_by = Some(actor.clone());
                key.confirmed_at = Some(at);
            }
        }
    }
}

fn applicant(id: &MemberId, place: u32, name: &str, actor: &UserId) -> Member {
    Member {
        id: id.clone(),
        place,
        name: name.to_owned(),
        standing: Standing::Applied,
        reason: String::from("applied"),
        moved_by: actor.clone(),
        proposed_move: None,
        tier: None,
        agreement: None,
        facts: BTreeMap::new(),
        keys: Vec::new(),
        signing_keys: Vec::new(),
        signature_required: false,
        sheet: Sheet::default(),
        contacts: BTreeMap::new(),
    }
}
