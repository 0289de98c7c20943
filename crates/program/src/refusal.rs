//! Why a command was not done; nothing changes then.

use jiff::Timestamp;
use policy::{Lead, PolicyError, Restriction, Standing};
use thiserror::Error;

use crate::{
    embargo::IllegalMove,
    id::{
        CaseId, CriterionId, EndpointId, ItemId, LeakId, MemberId, NotificationId, PasskeyId, ReportId,
        ReviewId, Sha256, SightingId, TierId, TokenId, UserId, ViewingId, WaveId,
    },
    subject::Subject,
    token::{Holder, Scope},
};

/// A command refused, in words for the person who gave it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    #[error("no member `{0}`: `forewarn member list` shows those there are")]
    UnknownMember(MemberId),
    #[error("no case `{0}`: `forewarn case show` lists those there are")]
    UnknownCase(CaseId),
    #[error("no item `{item}` in case `{case}`: `forewarn case show {case}` lists its items")]
    UnknownItem { case: CaseId, item: ItemId },
    #[error("no wave `{wave}` in case `{case}`: `forewarn case show {case}` lists its waves")]
    UnknownWave { case: CaseId, wave: WaveId },
    #[error("no tier `{0}`: `forewarn tier list` shows those there are")]
    UnknownTier(TierId),
    #[error("no sighting `{0}`: `forewarn sighting list` shows those there are")]
    UnknownSighting(SightingId),
    #[error("no leak case `{0}`: `forewarn trace` opens one for a sighting")]
    UnknownLeak(LeakId),
    #[error("no review `{0}`: `forewarn review list` shows those there are")]
    UnknownReview(ReviewId),
    #[error("no notification `{0}`: `forewarn notification list` shows those there are")]
    UnknownNotification(NotificationId),
    #[error("no endpoint `{0}`: `forewarn notification endpoint list` shows those there are")]
    UnknownEndpoint(EndpointId),
    #[error("no token `{0}`: `forewarn token list` shows those there are")]
    UnknownToken(TokenId),
    #[error("no passkey `{0}`: `forewarn passkey list` shows those there are")]
    UnknownPasskey(PasskeyId),
    #[error("what the browser sent is no passkey that can be kept: register another one")]
    BadPasskey,
    #[error(
        "{what} has {most} bytes at most, no space around it and no control characters: write another one"
    )]
    BadName { what: &'static str, most: usize },
    #[error("nobody is let in as {0}: `forewarn operator subjects` shows who is")]
    UnknownSubject(Subject),
    #[error("no report `{0}`: `forewarn report list` shows those there are")]
    UnknownReport(ReportId),
    #[error("report `{0}` tells of nothing seen outside: only a sighting is adopted as one")]
    NoSightingReported(ReportId),
    #[error("only a member's own tool does this, with the member's token or invitation")]
    ByMemberAlone,
    #[error("the token is not good for this now: ask the program's operators for another")]
    TokenNotGood,
    #[error("this copy was acknowledged already, with another signature: nothing was changed")]
    AcknowledgedAlready,
    #[error(
        "this acknowledges something else than the copy that was granted: fetch the receipt again, then sign again"
    )]
    OtherGrant,
    #[error(
        "you have no signing key that the program confirmed: have its fingerprint compared over a second channel"
    )]
    NoSigningKey,
    #[error(
        "this is signed with another key than the one that the program confirmed last, which is {fingerprint}"
    )]
    OtherSigningKey { fingerprint: String },
    #[error(
        "`{member}` has no signing key that was compared in time: `forewarn member key {member} --confirm FINGERPRINT` first"
    )]
    NothingToSignWith { member: MemberId },
    #[error(
        "your fetches must be signed with your confirmed signing key: `forewarn-member fetch` does so with `--signing-key`"
    )]
    Unsigned,
    #[error("a note has {most} bytes at most and no control characters: shorten it, or attach an exhibit")]
    BadNote { most: usize },
    #[error(
        "a report has {most} exhibits at most, none of them empty, with names of 1 to 200 bytes: split it into several"
    )]
    BadExhibits { most: usize },
    #[error(
        "you have filed {most} reports within a day: file the rest tomorrow, or tell the program's operators"
    )]
    TooManyReports { most: usize },
    #[error("`{member}` is {standing}: only a member, or one in vetting, is invited")]
    NotInvited { member: MemberId, standing: Standing },
    #[error("an invitation cannot end at {until}: it is {now}, and none lasts beyond {longest}")]
    InvitationEnd { until: Timestamp, now: Timestamp, longest: Timestamp },
    #[error(
        "this code invites nobody: it is unknown, used or over; ask the program's operators for a new one"
    )]
    NoInvitation,
    #[error(
        "`{scope}` is nothing that a token of the {holder} is good for: a member's fetches, acknowledges or reports, an operator's reads or acts, an observer's reads"
    )]
    ScopeUnfit { scope: Scope, holder: Holder },
    #[error("a token cannot end at {until}: it is {now}, and none lasts beyond {longest}")]
    TokenEnd { until: Timestamp, now: Timestamp, longest: Timestamp },
    #[error("`{0}` stands for no person: choose another name")]
    Reserved(UserId),
    #[error(
        "`{0}` is not an operator of this program: name one with `--as`, or add them with `forewarn operator add`"
    )]
    NotAnOperator(UserId),

    #[error("no version {0} of the policies: `forewarn policy versions` lists those there are")]
    UnknownPolicy(u32),
    #[error("{0}")]
    UnsoundPolicy(Box<PolicyError>),
    #[error("these policies are version {0} already: nothing would change")]
    SamePolicy(u32),
    #[error("version {number} of the policies is {state} and waits for nobody: propose the set again")]
    PolicyNotWaiting { number: u32, state: &'static str },
    #[error(
        "version {number} of the policies bars nothing of what a review took from `{member}`: let it read `restricted_classes`, or clear the member first"
    )]
    RestrictionIgnored { number: u32, member: MemberId },

    #[error("no viewing `{0}`: `forewarn case views` lists those there are")]
    UnknownViewing(ViewingId),
    #[error("viewing `{0}` is approved already: whoever asked runs `forewarn case view` again")]
    ViewingApproved(ViewingId),
    #[error("viewing `{0}` waits for another operator, who has a role: `forewarn case approve-view {0}`")]
    ViewingWaits(ViewingId),
    #[error("the item of viewing `{0}` was replaced since: ask again with `forewarn case view`")]
    ViewingStale(ViewingId),
    #[error("`{actor}` may not read `{item}`: {says}; two people set roles with `forewarn operator roles`")]
    MayNotView { actor: UserId, item: ItemId, says: String },

    #[error("a tier named `{tier}` cannot be kept as `{id}`: give both the same name")]
    OtherTier { id: TierId, tier: String },
    #[error("{what} `{id}` exists already: choose another id")]
    Exists { what: &'static str, id: String },
    #[error(
        "the clock says {now}, but the log has been at {mark}: set the clock right; nothing is done before then"
    )]
    ClockBehind { now: Timestamp, mark: Timestamp },
    #[error("it takes two people to {what}: another operator must, with `--as`")]
    SamePerson { what: &'static str },
    #[error(
        "it takes two people to {what}, and `{first}`, who was the first, is no operator any more: propose it anew (withdraw or reject what is proposed, where it says that there is something)"
    )]
    FirstPersonGone { first: UserId, what: &'static str },
    #[error(
        "`{operator}` is one of two operators, and what takes two people needs two: add another one first"
    )]
    TwoOperators { operator: UserId },
    #[error("{0}")]
    IllegalMove(#[from] IllegalMove),
    #[error("a member that is {from} cannot become {to}: from {from} it can become {ways}")]
    IllegalStanding { from: Standing, to: Standing, ways: String },

    #[error("an embargo cannot end at {ends}, which is not after now ({now}): give a later instant")]
    EndsInThePast { ends: Timestamp, now: Timestamp },
    #[error(
        "an end at {first} is proposed for `{case}`, and the earliest stands: accept it and propose {ends} as a revision, or reject it first"
    )]
    LaterProposal { case: CaseId, ends: Timestamp, first: Timestamp },
    #[error(
        "what is proposed for `{case}` is an end at {proposed}, not {given}: look again, then accept that"
    )]
    OtherProposal { case: CaseId, given: Timestamp, proposed: Timestamp },
    #[error("an embargo until {ends} is longer than this program's maximum of {max}: propose an earlier end")]
    EmbargoTooLong { ends: Timestamp, max: Lead },
    #[error("{seen} already: no new embargo can begin; publish instead")]
    TooLateForEmbargo { seen: &'static str },
    #[error("{seen} already: the embargo cannot be extended past {held}; it can only end earlier")]
    NoExtension { seen: &'static str, held: Timestamp },
    #[error(
        "case `{case}` has no embargo in force: `forewarn case embargo propose {case} --ends INSTANT`, then another person accepts"
    )]
    NoEmbargo { case: CaseId },
    #[error("case `{case}` has an open embargo until {ends}: it cannot be closed before that")]
    EmbargoInForce { case: CaseId, ends: Timestamp },
    #[error("case `{case}` has no exit decision open")]
    NothingToDecide { case: CaseId },

    #[error(
        "the embargo of `{case}` ends at {ends}, before wave `{wave}` at {at}: choose an instant before its end, or a lead of 0 or more"
    )]
    WaveAfterEmbargo { case: CaseId, wave: WaveId, at: Timestamp, ends: Timestamp },
    #[error("wave `{wave}` names no {what}: a wave to nobody, or of nothing, is not scheduled")]
    EmptyWave { wave: WaveId, what: &'static str },
    #[error(
        "wave `{wave}` reaches nobody: no member in its tiers will ever have any of it; `forewarn wave plan` says why"
    )]
    NobodyThere { wave: WaveId },
    #[error("wave `{wave}` was released already: schedule another one")]
    AlreadyReleased { wave: WaveId },
    #[error(
        "wave `{wave}` has {have} of {need} approvals: another operator runs `forewarn wave approve {case} {wave}`"
    )]
    NotApproved { case: CaseId, wave: WaveId, have: usize, need: usize },
    #[error("`{actor}` has approved wave `{wave}` already: another operator must")]
    ApprovedBySame { wave: WaveId, actor: UserId },
    #[error(
        "the plan of wave `{wave}` is {now} by now, not {given}: look again with `forewarn wave plan {case} {wave}`, then approve that"
    )]
    PlanChanged { case: CaseId, wave: WaveId, given: Sha256, now: Sha256 },
    #[error("wave `{wave}` is due at {at}, it is {now}: nothing is released early")]
    NotDue { wave: WaveId, at: Timestamp, now: Timestamp },
    #[error("the marks of case `{case}` were not committed to the log for its present items: release again")]
    MarksNotCommitted { case: CaseId },
    #[error("`{member}` may not have `{item}`: {says}")]
    Withheld { member: MemberId, item: ItemId, says: String },
    #[error("two copies of `{item}` for `{member}` in one command: a member has one; record it once")]
    TwoCopies { member: MemberId, item: ItemId },
    #[error("{missing} copies of wave `{wave}` are due and not recorded: release again")]
    CopiesMissing { wave: WaveId, missing: usize },

    #[error("`{item}` was released to a member already: add the correction as a new item")]
    ItemReleased { item: ItemId },
    #[error("case `{case}` is closed: open a new one with `forewarn case new`")]
    CaseClosed { case: CaseId },
    #[error("case `{case}` cannot be published before {at}; it is {now}")]
    PublishEarly { case: CaseId, at: Timestamp, now: Timestamp },
    #[error("case `{case}` was published already")]
    AlreadyPublished { case: CaseId },
    #[error(
        "case `{case}` has no item of class advisory: add what the public shall read with `forewarn case item {case} FILE --class advisory`"
    )]
    NoAdvisory { case: CaseId },

    #[error(
        "`{member}` is {standing}, and only a member in vetting is admitted: move it to another standing"
    )]
    NotVetted { member: MemberId, standing: Standing },
    #[error("`{member}` is in vetting: admit it, into a tier and under an agreement")]
    AdmitInstead { member: MemberId },
    #[error(
        "this program admits by its criteria sheet: `forewarn member apply {member} --name NAME`, then vet, assess, sign and admit it"
    )]
    SheetFirst { member: MemberId },
    #[error("this program has no criteria: `forewarn member criteria --set default` proposes some")]
    NoCriteria,
    #[error("no criterion `{0}`: `forewarn member criteria` lists them")]
    UnknownCriterion(CriterionId),
    #[error(
        "`{member}` is {standing} and is not vetted now: an applicant is vetted after `forewarn member vet {member}`"
    )]
    NotInVetting { member: MemberId, standing: Standing },
    #[error(
        "the criteria sheet of `{member}` is not complete: {missing}; `forewarn member sheet {member}` shows it"
    )]
    SheetIncomplete { member: MemberId, missing: String },
    #[error(
        "the criteria sheet of `{member}` as it stands has {have} of 2 signatures: somebody else runs `forewarn member sign {member}`"
    )]
    SheetUnsigned { member: MemberId, have: usize },
    #[error(
        "`{member}` was found on a sanctions list ({reason}): decline it, or record a screening that clears it"
    )]
    OnList { member: MemberId, reason: String },
    #[error("a list of {date} is from the future, it is {now}: check the date")]
    ListFromTheFuture { date: jiff::civil::Date, now: Timestamp },
    #[error("`{member}` has no key `{fingerprint}`: `forewarn member show {member}` lists its keys")]
    UnknownKey { member: MemberId, fingerprint: String },
    #[error("`{member}` has no fact `{key}`: `forewarn member show {member}` lists its facts")]
    UnknownFact { member: MemberId, key: String },
    #[error("an agreement until {until} has ended already: give a later instant")]
    AgreementEnded { until: Timestamp },
    #[error("a fact that holds until {until} has ended already: give a later instant")]
    FactEnded { until: Timestamp },

    #[error("a sighting at {seen} lies after now ({now}): check the instant")]
    SeenInTheFuture { seen: Timestamp, now: Timestamp },
    #[error(
        "sighting `{0}` has no exhibit: only a leaked file can be traced; add it with `forewarn sighting add … --file`"
    )]
    NoExhibit(SightingId),
    #[error("leak case `{0}` has no reading in the log: the reading comes before the codebook is opened")]
    NotRead(LeakId),
    #[error(
        "leak case `{leak}` has another {what} on record: the same exhibit gives the same one; run `forewarn verify`"
    )]
    OtherResult { leak: LeakId, what: &'static str },

    #[error("a reading of {read} of {sites} sites cannot be: read the exhibit again")]
    MoreReadThanThere { read: u32, sites: u32 },
    #[error(
        "leak case `{leak}` was read against package {package}, whose marks were never committed: it cannot be traced"
    )]
    NeverCommitted { leak: LeakId, package: u32 },
    #[error(
        "the trace of leak case `{leak}` used scorer `{given}`, but `{committed}` was committed before the copies were made: trace with that version"
    )]
    OtherScorer { leak: LeakId, given: String, committed: String },
    #[error(
        "`{given}` is no bound on accusing anybody innocent, or looser than the {most} that was promised"
    )]
    LooseBound { given: String, most: String },
    #[error(
        "the trace of leak case `{leak}` accuses `{member}`, {why}: nobody is accused; run `forewarn verify`"
    )]
    Unfounded { leak: LeakId, member: MemberId, why: &'static str },
    #[error(
        "the trace of leak case `{leak}` says {verdict} and names {accused} members: run the trace again"
    )]
    TraceUnsound { leak: LeakId, verdict: &'static str, accused: usize },

    #[error("review `{0}` is decided already: open a new one")]
    ReviewDecided(ReviewId),
    #[error("review `{review}` of `{member}` is open on the same ground: go on with it")]
    ReviewOpen { review: ReviewId, member: MemberId },
    #[error("review `{0}` has no proposed outcome: `forewarn review propose {0} --outcome …` first")]
    NothingProposed(ReviewId),
    #[error("classes and an end go with the outcome restrict, not with {outcome}")]
    NothingToRestrict { outcome: &'static str },
    #[error("a restriction until {until} has ended already: give a later instant")]
    RestrictionEnded { until: Timestamp },
    #[error(
        "`{member}` is restricted already ({held}), and a review that restricts it less would lift that unsaid: cover it, or propose `clear` first"
    )]
    RestrictsLess { member: MemberId, held: Restriction },
    #[error(
        "no policy in force bars what a review takes from a member: a restriction would bar nothing; adopt a set that reads `restricted_classes` first"
    )]
    RestrictionUnheeded,
    #[error(
        "leak case `{leak}` does not accuse `{member}`: a review on the ground of a leak needs its trace"
    )]
    NotAccused { leak: LeakId, member: MemberId },
    #[error(
        "notification `{notification}` does not name `{member}`: `forewarn notification list` shows whom"
    )]
    NotToBeTold { notification: NotificationId, member: MemberId },
    #[error(
        "nothing of notification `{notification}` was given up: `forewarn notification list` shows what is"
    )]
    NothingGivenUp { notification: NotificationId },
    #[error("`{url}` is no URL for notices: {says}")]
    BadUrl { url: String, says: &'static str },
    #[error("`{member}` has 5 endpoints, which is the most: remove one first")]
    TooManyEndpoints { member: MemberId },
    #[error("{0} must not be empty")]
    Empty(&'static str),
}
