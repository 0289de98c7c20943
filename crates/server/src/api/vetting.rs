//! Members' records, for operators: from the application to the admission, what is known, keys, standing.

use jiff::Timestamp;
use package::{MemberKey, MemberVerifier};
use policy::{DutySubject, Fact, FactKind, Lead, Standing, Trigger};
use program::{
    Command,
    id::{CriterionId, MemberId, TierId},
    member::{Agreement, Enrolment, MemberCommand, fact_key},
    vetting::{Answer, Contact, ContactRole, VettingCommand},
};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, name, refused},
        duties::pack,
        members::Reason,
        wire,
    },
    problem::Problem,
};

/// An organisation that applies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its id.
    #[schema(value_type = wire::Name)]
    member: MemberId,
    /// Its name.
    name: String,
}

/// An agreement that was signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// Which text.
    version: String,
    /// Until when it binds.
    until: Timestamp,
}

/// What a member is admitted to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Admission {
    /// Its tier.
    #[schema(value_type = wire::Name)]
    tier: TierId,
    /// The agreement it signed.
    agreement: Signed,
}

/// A member that is admitted in one go.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewMember {
    /// Its name.
    name: String,
    /// Its tier.
    #[schema(value_type = wire::Name)]
    tier: TierId,
    /// The agreement it signed.
    agreement: Signed,
    /// What it stated on admission; who was never asked about disclosure duties has nothing before the public instant.
    #[serde(default)]
    facts: Vec<NewFact>,
    /// Its age key, still to be confirmed.
    #[serde(default)]
    key: Option<String>,
}

/// A tier that a member changes to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OtherTier {
    /// Which one.
    #[schema(value_type = wire::Name)]
    tier: TierId,
}

/// What was found about a criterion.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// Which one.
    #[schema(value_type = wire::Name)]
    criterion: CriterionId,
    /// What was found.
    answer: Found,
    /// What it rests on; of a waiver, why it is not asked of this member.
    evidence: String,
}

/// Whether a criterion is met.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// The member meets it.
    Met,
    /// It does not.
    NotMet,
    /// It is not asked of this member.
    Waived,
}

/// Whom to reach at a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewContact {
    /// What for.
    #[schema(value_type = wire::ContactFor)]
    role: ContactRole,
    /// Who answers.
    name: String,
    /// Where: a mail address, a telephone number.
    address: String,
}

/// A fact about a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// What it is about.
    #[schema(value_type = wire::FactKind)]
    kind: FactKind,
    /// Of a duty: what it makes the member tell.
    #[serde(default)]
    #[schema(value_type = Option<wire::Subject>)]
    subject: Option<DutySubject>,
    /// Of a duty: what starts it.
    #[serde(default)]
    #[schema(value_type = Option<wire::Start>)]
    trigger: Option<Trigger>,
    /// Of a duty: how long it leaves.
    #[serde(default)]
    #[schema(value_type = Option<wire::Length>)]
    deadline: Option<Lead>,
    /// The statement in words.
    #[serde(default)]
    says: Option<String>,
    /// Until when it holds; a fact without it counts as not confirmed.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// A fact with what it rests on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewFact {
    /// What is stated.
    fact: Statement,
    /// The statement as codes that duties are derived from, all of them in one fact, or `none`; in the place of `says`.
    #[serde(default)]
    values: Vec<String>,
    /// What it rests on.
    evidence: String,
}

/// A fact that is taken back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OldFact {
    /// What was stated; of a duty with its subject, trigger and deadline.
    fact: Statement,
    /// Why.
    reason: String,
}

/// A key, public part alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// An age recipient to seal to, or what a member's signatures are checked with; each has its own path.
    key: String,
}

/// Whether fetches must be signed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Signatures {
    /// Whether they must.
    required: bool,
}

/// A fingerprint as two people compared it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fingerprint {
    /// As compared over a second channel.
    fingerprint: String,
}

act! {
    /// Take an application
    apply "/api/v1/members" takes Application =>
    |Application { member, name }| Ok(Command::Member(member, MemberCommand::Apply { name }))
}

act! {
    /// Admit a member in one go, where the program has no criteria: application, vetting and admission
    present add "/api/v1/members/{member}/add" ("member"; String) takes NewMember =>
    |id, NewMember { name: called, tier, agreement, facts, key }| {
        let key: Option<MemberKey> = key.map(|key| key.parse()).transpose().map_err(refused)?;
        let enrolment = Enrolment {
            name: called,
            tier,
            agreement: agreement.into(),
            facts: facts.into_iter().map(NewFact::read).collect::<Result<_, _>>()?,
            key: key.map(|key| (key.to_string(), key.fingerprint())),
        };
        about(&id, MemberCommand::Enrol(Box::new(enrolment)))
    }
}

act! {
    /// Begin to vet an applicant
    vet "/api/v1/members/{member}/vet" ("member"; String) => |id| about(&id, MemberCommand::Vet)
}

act! {
    /// Decline an applicant
    decline "/api/v1/members/{member}/decline" ("member"; String) takes Reason =>
    |id, Reason { reason }| about(&id, MemberCommand::Move { to: Standing::Declined, reason })
}

act! {
    /// Admit an applicant; where there are criteria, on a sheet that two people signed
    present admit "/api/v1/members/{member}/admit" ("member"; String) takes Admission =>
    |id, Admission { tier, agreement }| {
        about(&id, MemberCommand::Admit { tier, agreement: agreement.into() })
    }
}

act! {
    /// Reinstate a suspended or restricted member; takes effect when a second person says the same
    present reinstate "/api/v1/members/{member}/reinstate" ("member"; String) takes Reason =>
    |id, Reason { reason }| about(&id, MemberCommand::Move { to: Standing::Active, reason })
}

act! {
    /// Put a member into another tier
    change_tier "/api/v1/members/{member}/tier" ("member"; String) takes OtherTier =>
    |id, OtherTier { tier }| about(&id, MemberCommand::ChangeTier { tier })
}

act! {
    /// Record that a member signed an agreement
    agreement "/api/v1/members/{member}/agreement" ("member"; String) takes Signed =>
    |id, signed| about(&id, MemberCommand::SignAgreement { agreement: signed.into() })
}

act! {
    /// Record what was found about a criterion; it voids the signatures on the sheet
    assess "/api/v1/members/{member}/assess" ("member"; String) takes Finding =>
    |id, Finding { criterion, answer, evidence }| {
        let answer = match answer {
            Found::Met => Answer::Met,
            Found::NotMet => Answer::NotMet,
            Found::Waived => Answer::Waived { reason: evidence.clone() },
        };
        Ok(Command::Vetting(name(&id)?, VettingCommand::Assess { criterion, answer, evidence }))
    }
}

act! {
    /// Sign a member's criteria sheet as it stands; two different people do
    sign "/api/v1/members/{member}/sign" ("member"; String) =>
    |id| Ok(Command::Vetting(name(&id)?, VettingCommand::Sign))
}

act! {
    /// Name whom to reach at a member
    contact "/api/v1/members/{member}/contact" ("member"; String) takes NewContact =>
    |id, NewContact { role, name: who, address }| {
        let contact = Contact { name: who, address };
        Ok(Command::Vetting(name(&id)?, VettingCommand::SetContact(role, contact)))
    }
}

act! {
    /// Record a fact about a member; recorded again, it is replaced
    record_fact "/api/v1/members/{member}/facts" ("member"; String) takes NewFact =>
    |id, fact| {
        let (fact, evidence) = fact.read()?;
        about(&id, MemberCommand::RecordFact { fact, evidence })
    }
}

act! {
    /// Take a fact back
    withdraw_fact "/api/v1/members/{member}/facts/withdraw" ("member"; String) takes OldFact =>
    |id, OldFact { fact, reason }| {
        about(&id, MemberCommand::WithdrawFact { key: fact_key(&fact.into()), reason })
    }
}

act! {
    /// Add an age key that copies are sealed to, unconfirmed
    add_key "/api/v1/members/{member}/keys" ("member"; String) takes NewKey =>
    |id, NewKey { key }| {
        let key: MemberKey = key.parse().map_err(refused)?;
        let (recipient, fingerprint) = (key.to_string(), key.fingerprint());
        about(&id, MemberCommand::AddKey { recipient, fingerprint })
    }
}

act! {
    /// Add a key that a member's signatures are checked with, unconfirmed
    add_signing_key "/api/v1/members/{member}/signing-keys" ("member"; String) takes NewKey =>
    |id, NewKey { key }| {
        let key: MemberVerifier = key.parse().map_err(refused)?;
        let (key, fingerprint) = (key.to_string(), key.fingerprint());
        about(&id, MemberCommand::AddSigningKey { key, fingerprint })
    }
}

act! {
    /// Confirm a key of either kind, after its fingerprint was compared over a second channel
    present confirm_key "/api/v1/members/{member}/keys/confirm" ("member"; String) takes Fingerprint =>
    |id, Fingerprint { fingerprint }| about(&id, MemberCommand::ConfirmKey { fingerprint })
}

act! {
    /// Confirm the key in use once more, which is due from time to time
    present reconfirm_key "/api/v1/members/{member}/keys/reconfirm" ("member"; String) takes Fingerprint =>
    |id, Fingerprint { fingerprint }| about(&id, MemberCommand::ReconfirmKey { fingerprint })
}

act! {
    /// Say whether a member's fetches must be signed with its confirmed signing key
    require_signature "/api/v1/members/{member}/signed-fetches" ("member"; String) takes Signatures =>
    |id, Signatures { required }| about(&id, MemberCommand::RequireSignature { required })
}

impl NewFact {
    /// Returns the fact with what it rests on; codes are checked.
    fn read(self) -> Result<(Fact, String), Problem> {
        let mut fact = Fact::from(self.fact);
        if !self.values.is_empty() {
            if fact.says.is_some() {
                return Err(refused(
                    "a fact says something in words or in codes: give one of `says` and `values`",
                ));
            }
            fact.says = Some(pack()?.says(fact.kind, &self.values).map_err(refused)?);
        }
        Ok((fact, self.evidence))
    }
}

impl From<Signed> for Agreement {
    fn from(Signed { version, until }: Signed) -> Self {
        Self { version, until }
    }
}

impl From<Statement> for Fact {
    fn from(Statement { kind, subject, trigger, deadline, says, until }: Statement) -> Self {
        Self { kind, subject, trigger, deadline, says, until }
    }
}

fn about(id: &str, command: MemberCommand) -> Result<Command, Problem> {
    Ok(Command::Member(name(id)?, command))
}
