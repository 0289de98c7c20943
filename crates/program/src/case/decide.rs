//! What may be done to a case.

use jiff::Timestamp;

use super::{Case, CaseCommand, CaseEvent, Observation, PublishedFile};
use crate::{
    Event,
    context::Context,
    deadline,
    embargo::{EmbargoEvent, Move},
    id::CaseId,
    notification,
    program::Program,
    refusal::Refusal,
};

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    command: CaseCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        CaseCommand::Open { title, cves } => {
            if program.case(id).is_ok() {
                return Err(Refusal::Exists { what: "case", id: id.to_string() });
            }
            if title.trim().is_empty() {
                return Err(Refusal::Empty("the title"));
            }
            Ok(vec![Event::Case(CaseEvent::Opened { case: id.clone(), title, cves })])
        }
        CaseCommand::Observe { what, at } => observe(program, ctx, id, what, at),
        CaseCommand::Publish { at, files } => publish(program, ctx, id, at, files),
        CaseCommand::Close => {
            let case = program.case(id)?;
            case.check_open()?;
            if let Some(ends) = case.embargo.at(ctx.now).in_force_until() {
                return Err(Refusal::EmbargoInForce { case: id.clone(), ends });
            }
            let mut events = run_out(program, case);
            events.push(Event::Case(CaseEvent::Closed { case: id.clone() }));
            Ok(events)
        }
    }
}

/// Public knowledge or a public exploit ends the embargo at once; attacks open an exit decision.
///
/// **Source:** Vultron embargo rules (P or X: shall terminate; A: should) and case-state rule 3 (a public
/// exploit makes the public aware).
fn observe(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    what: Observation,
    at: Timestamp,
) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    if at > ctx.now {
        return Err(Refusal::SeenInTheFuture { seen: at, now: ctx.now });
    }
    let mut events: Vec<Event> = case.observe(what, at).into_iter().collect();
    if what == Observation::AttacksObserved {
        events.extend(deadline::open_exit_decision(program, id, ctx.now));
        return Ok(events);
    }
    if what == Observation::ExploitPublic {
        events.extend(case.observe(Observation::PublicAware, at));
    }
    if let Some(ends) = case.embargo.in_force_until() {
        let step = Move::Terminate(ctx.now.min(ends));
        case.embargo.step(step)?;
        let said = "public knowledge ends an embargo";
        let (reason, accepts) = (said.to_owned(), None);
        events.push(Event::Embargo(EmbargoEvent::Moved { case: id.clone(), step, reason, accepts }));
        events.extend(deadline::close_exit_decision(program, id, "embargo ended"));
        if ctx.now < ends {
            events.extend(notification::of_exit(program, case, ctx.now, said));
        }
    }
    Ok(events)
}

fn publish(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    at: Timestamp,
    files: Vec<PublishedFile>,
) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    case.check_open()?;
    if at > ctx.now {
        return Err(Refusal::SeenInTheFuture { seen: at, now: ctx.now });
    }
    check_publish(case, at)?;
    if files.is_empty() {
        return Err(Refusal::NoAdvisory { case: id.clone() });
    }
    let mut events = run_out(program, case);
    events.push(Event::Case(CaseEvent::Published { case: id.clone(), at, files }));
    Ok(events)
}

/// Writes down that an embargo has run its time, where nobody did yet; its end must have come.
fn run_out(program: &Program, case: &Case) -> Vec<Event> {
    let Some(ends) = case.embargo.in_force_until() else { return Vec::new() };
    let (case, step) = (case.id.clone(), Move::Terminate(ends));
    let closed = deadline::close_exit_decision(program, &case, "embargo ended");
    let reason = String::from("the embargo has run its time");
    let ended = Event::Embargo(EmbargoEvent::Moved { case, step, reason, accepts: None });
    [ended].into_iter().chain(closed).collect()
}

/// Checks that a case may be published at an instant.
///
/// # Errors
/// [`Refusal`] before the public instant, without one, or when it was published already.
pub fn check_publish(case: &Case, now: Timestamp) -> Result<(), Refusal> {
    if case.published.is_some() {
        return Err(Refusal::AlreadyPublished { case: case.id.clone() });
    }
    match case.embargo.public() {
        None => Err(Refusal::NoEmbargo { case: case.id.clone() }),
        Some(at) if now < at => Err(Refusal::PublishEarly { case: case.id.clone(), at, now }),
        Some(_) => Ok(()),
    }
}
