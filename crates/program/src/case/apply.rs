//! How what happened changes a case.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Case, CaseEvent, Observation, Observed, Published};
use crate::{
    embargo::Embargo,
    id::{CaseId, ItemId, UserId},
    item::ItemEvent,
    marks::MarksEvent,
    wave::{Approval, Wave, WaveEvent},
};

pub(crate) fn apply(cases: &mut BTreeMap<CaseId, Case>, event: &CaseEvent, at: Timestamp) {
    if let CaseEvent::Opened { case, title, cves } = event {
        cases.insert(case.clone(), opened(case, title, cves, at));
        return;
    }
    let (CaseEvent::Opened { case, .. }
    | CaseEvent::Observed { case, .. }
    | CaseEvent::Published { case, .. }
    | CaseEvent::Closed { case }) = event;
    let Some(case) = cases.get_mut(case) else { return };
    match event {
        CaseEvent::Opened { .. } => {}
        CaseEvent::Observed { what, since, .. } => {
            let latch = match what {
                Observation::PublicAware => &mut case.observed.public_aware,
                Observation::ExploitPublic => &mut case.observed.exploit_public,
                Observation::AttacksObserved => &mut case.observed.attacks_observed,
            };
            latch.get_or_insert(*since);
        }
        CaseEvent::Published { at, files, .. } => {
            case.published = Some(Published { at: *at, files: files.clone() });
        }
        CaseEvent::Closed { .. } => case.closed = Some(at),
    }
}

fn opened(id: &CaseId, title: &str, cves: &[String], at: Timestamp) -> Case {
    Case {
        id: id.clone(),
        title: title.to_owned(),
        cves: cves.to_vec(),
        opened: at,
        embargo: Embargo::None,
        embargo_began: None,
        proposed_by: None,
        exit_proposed_by: None,
        observed: Observed::default(),
        package: 0,
        items: BTreeMap::new(),
        history: Vec::new(),
        waves: BTreeMap::new(),
        marks: BTreeMap::new(),
        grants: BTreeMap::new(),
        published: None,
        closed: None,
    }
}

pub(crate) fn apply_item(case: &mut Case, event: &ItemEvent) {
    let ItemEvent::Added { package, items, .. } = event;
    case.package = *package;
    let replaced: Vec<&ItemId> = items
        .iter()
        .filter(|new| case.items.get(&new.item).is_some_and(|known| known != *new))
        .map(|new| &new.item)
        .collect();
    case.void_approvals(|wave| replaced.iter().any(|item| wave.items.contains(*item)));
    case.history.extend(items.iter().map(|item| (*package, item.clone())));
    case.items.extend(items.iter().map(|item| (item.item.clone(), item.clone())));
}

pub(crate) fn apply_marks(case: &mut Case, event: &MarksEvent) {
    let MarksEvent::Committed { marks, .. } = event;
    case.marks.insert(marks.package, marks.clone());
}

pub(crate) fn apply_wave(case: &mut Case, event: &WaveEvent, at: Timestamp, actor: &UserId) {
    if let WaveEvent::Scheduled { wave, lead, tiers, items, .. } = event {
        let planned = Wave {
            wave: wave.clone(),
            lead: *lead,
            tiers: tiers.clone(),
            items: items.clone(),
            approvals: BTreeMap::new(),
            released: None,
            withheld: BTreeMap::new(),
        };
        case.waves.insert(wave.clone(), planned);
        return;
    }
    let (WaveEvent::Scheduled { wave, .. }
    | WaveEvent::Approved { wave, .. }
    | WaveEvent::Withheld { wave, .. }
    | WaveEvent::Released { wave, .. }) = event;
    let Some(wave) = case.waves.get_mut(wave) else { return };
    match event {
        WaveEvent::Scheduled { .. } => {}
        WaveEvent::Approved { plan, package, .. } => {
            wave.approvals.insert(actor.clone(), Approval { at, plan: *plan, package: *package });
        }
        WaveEvent::Withheld { member, items, .. } => {
            wave.withheld.insert(member.clone(), items.clone());
        }
        WaveEvent::Released { .. } => wave.released = Some(at),
    }
}
