//! What is decided about passkeys, and what follows.

use jiff::Timestamp;
use policy::Standing;

use super::{LONGEST, Link, Passkey, PasskeyCommand, PasskeyEvent, Passkeys, Registering, User};
use crate::{
    Event, actor,
    context::Context,
    embargo::second_person,
    id::{LinkId, MemberId, PasskeyId, Sha256, UserId},
    member::MemberEvent,
    program::Program,
    refusal::Refusal,
};

/// Most bytes of a person's name or of what it calls a passkey.
const NAME: usize = 100;
/// Most characters of a credential's id: 1023 bytes. **Source:** Web Authentication, section 5.8.3.
const CREDENTIAL: usize = 1364;
/// Most bytes of a public credential: the largest keys and an attestation fit well.
const PUBLIC: usize = 16 << 10;

/// Decides on a passkey or a link; a second revocation decides on nothing.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: PasskeyCommand,
) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        PasskeyCommand::Invite { user, sha256, until } => invite(program, ctx, user, sha256, until)?,
        PasskeyCommand::Register(registering) => register(program, ctx, registering)?,
        PasskeyCommand::Revoke { passkey, reason, by } => {
            let known = program.passkeys().get(passkey).ok_or(Refusal::UnknownPasskey(passkey))?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            let of_member = ctx.actor.as_str() == actor::MEMBER;
            let own = by.and_then(|by| program.passkeys().get(by));
            let own = own.is_some_and(|own| own.good(program) && own.user == known.user);
            if of_member && !own {
                return Err(Refusal::UnknownPasskey(passkey));
            }
            if known.revoked.is_some() {
                return Ok(Vec::new());
            }
            PasskeyEvent::Revoked { passkey, reason, by: by.filter(|_| of_member) }
        }
    };
    Ok(vec![Event::Passkey(event)])
}

/// Checks, when something is decided that a person at a member does, that its passkey is good now.
pub(crate) fn check(program: &Program, id: PasskeyId, member: &MemberId) -> Result<(), Refusal> {
    let of_member = |user: &User| matches!(user, User::AtMember { member: other, .. } if other == member);
    let found = program.passkeys().get(id).filter(|it| of_member(&it.user) && it.good(program));
    found.map(|_| ()).ok_or(Refusal::TokenNotGood)
}

fn invite(
    program: &Program,
    ctx: &Context<'_>,
    user: User,
    sha256: Sha256,
    until: Timestamp,
) -> Result<PasskeyEvent, Refusal> {
    match &user {
        User::Operator(id) if !user.welcome(program) => return Err(Refusal::NotAnOperator(id.clone())),
        User::Operator(_) => {}
        User::AtMember { member, name } => {
            let standing = program.member(member)?.standing;
            if !user.welcome(program) {
                return Err(Refusal::NotInvited { member: member.clone(), standing });
            }
            check_name(name, "the person's name")?;
        }
    }
    let longest = ctx.now.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
    if until <= ctx.now || until > longest {
        return Err(Refusal::InvitationEnd { until, now: ctx.now, longest });
    }
    let passkeys = program.passkeys();
    if passkeys.by_hash.contains_key(&sha256) {
        return Err(Refusal::Exists { what: "link", id: sha256.to_string() });
    }
    if let User::Operator(operator) = &user {
        let alone = ctx.actor.as_str() == actor::CONSOLE
            || (ctx.actor == operator && passkeys.of(&user).any(|passkey| passkey.good(program)));
        match program.first(passkeys.proposed.get(operator)) {
            _ if alone => {}
            None => return Ok(PasskeyEvent::LinkProposed { operator: operator.clone() }),
            Some(first) => {
                second_person(program, first, ctx.actor, "let an operator register a passkey")?;
            }
        }
    }
    let link = LinkId(passkeys.links.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1));
    Ok(PasskeyEvent::LinkMade { link, user, sha256, until })
}

fn register(program: &Program, ctx: &Context<'_>, registering: Registering) -> Result<PasskeyEvent, Refusal> {
    let Registering { sha256, credential, public, label } = registering;
    let passkeys = program.passkeys();
    let found = passkeys.open(program, &sha256, ctx.now).filter(|link| link.user.actor() == *ctx.actor);
    let link = found.ok_or(Refusal::NoInvitation)?.id;
    check_name(&label, "the passkey's name")?;
    let base64url = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let sound = !credential.is_empty() && credential.len() <= CREDENTIAL && credential.chars().all(base64url);
    if !sound || public.to_string().len() > PUBLIC {
        return Err(Refusal::BadPasskey);
    }
    if passkeys.by_credential.contains_key(&credential) {
        return Err(Refusal::Exists { what: "passkey", id: credential });
    }
    let passkey = PasskeyId(passkeys.known.last_key_value().map_or(0, |(id, _)| id.0).saturating_add(1));
    Ok(PasskeyEvent::Registered { link, passkey, credential, public, label })
}

fn check_name(name: &str, what: &'static str) -> Result<(), Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::Empty(what));
    }
    if name.len() > NAME || name.trim() != name || name.contains(char::is_control) {
        return Err(Refusal::BadName { what, most: NAME });
    }
    Ok(())
}

/// Takes in what happened to a passkey.
pub(crate) fn apply(passkeys: &mut Passkeys, event: &PasskeyEvent, at: Timestamp, actor: &UserId) {
    match event {
        PasskeyEvent::LinkProposed { operator } => {
            passkeys.proposed.insert(operator.clone(), actor.clone());
        }
        PasskeyEvent::LinkMade { link: id, user, sha256, until } => {
            if let User::Operator(operator) = user {
                passkeys.proposed.remove(operator);
            }
            let (user, by) = (user.clone(), actor.clone());
            let link = Link { id: *id, user, made: at, by, until: *until, used: None };
            passkeys.by_hash.insert(*sha256, *id);
            passkeys.links.insert(*id, link);
        }
        PasskeyEvent::Registered { link, passkey: id, credential, public, label } => {
            let Some(link) = passkeys.links.get_mut(link) else { return };
            link.used = Some((at, *id));
            let passkey = Passkey {
                id: *id,
                user: link.user.clone(),
                credential: credential.clone(),
                public: public.clone(),
                label: label.clone(),
                registered: at,
                by: link.by.clone(),
                revoked: None,
            };
            passkeys.by_credential.insert(credential.clone(), *id);
            passkeys.known.insert(*id, passkey);
        }
        PasskeyEvent::Revoked { passkey, reason, .. } => {
            if let Some(passkey) = passkeys.known.get_mut(passkey) {
                passkey.revoked = Some((at, reason.clone()));
            }
        }
    }
}

/// Takes in that a member moved: where it may not act, its people's sessions end for good.
pub(crate) fn note_move(passkeys: &mut Passkeys, event: &MemberEvent, at: Timestamp) {
    if let MemberEvent::Moved { member, to, .. } = event
        && matches!(to, Standing::Suspended | Standing::Removed | Standing::Declined)
    {
        passkeys.barred.insert(member.clone(), at);
    }
}
