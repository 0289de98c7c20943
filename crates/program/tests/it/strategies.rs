//! Entries that nobody decided: every event, with ids from small pools and numbers from anywhere.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::{Class, DutySubject, Fact, FactKind, Lead, Restriction, Role, Standing, Tier, Trigger};
use program::{
    Entry, Event,
    assertion::{Asserting, Assertion},
    by::By,
    case::{CaseEvent, Observation, PublishedFile},
    deadline::{DeadlineEvent, DeadlineKind},
    delivery::{Acknowledging, Fetching, SignedRequest},
    embargo::{EmbargoEvent, Move, Proposal},
    endpoint::EndpointEvent,
    grant::{Grant, GrantEvent},
    id::{
        CaseId, CriterionId, DeadlineId, EndpointId, InvitationId, ItemId, LeakId, LinkId, MemberId,
        NotificationId, PasskeyId, ReportId, ReviewId, Sha256, SightingId, TierId, TokenId, UserId,
        ViewingId, WaveId,
    },
    invitation::InvitationEvent,
    item::{Item, ItemEvent, Tlp},
    leak::{Accused, LeakEvent, ReadingRecord, TraceRecord, Verdict},
    marks::{MarksCommitment, MarksEvent},
    member::{Agreement, MemberEvent},
    notification::{About, NotificationEvent, Receiver, Recipient},
    passkey::{PasskeyEvent, User},
    policies::PolicyEvent,
    program::{ProgramEvent, Rules},
    report::{ReportEvent, Said},
    restore::{Head, Loss},
    review::{Outcome, ReviewEvent},
    sighting::{Exhibit, Sighting, SightingEvent, SightingKind},
    subject::{Subject, SubjectEvent},
    token::{Holder, Scope, TokenEvent},
    vetting::{Answer, Contact, ContactRole, Criterion, Screening, ScreeningOutcome, VettingEvent},
    viewing::ViewingEvent,
    wave::{WaveEvent, Withholding},
};
use proptest::{
    num::f64::{NEGATIVE, NORMAL, POSITIVE, SUBNORMAL, ZERO},
    option,
    prelude::*,
    sample::{select, subsequence},
};

fn ids<T: std::str::FromStr + Clone + std::fmt::Debug + 'static>(
    of: &'static [&str],
) -> impl Strategy<Value = T> + use<T> {
    select(of).prop_map(|text| text.parse().ok().unwrap())
}

fn users() -> impl Strategy<Value = UserId> {
    ids(&["ann", "bob", "cyd", "timer"])
}
fn members() -> impl Strategy<Value = MemberId> {
    ids(&["acme", "bolt", "cord"])
}
fn cases() -> impl Strategy<Value = CaseId> {
    ids(&["c", "d"])
}
fn items() -> impl Strategy<Value = ItemId> {
    ids(&["notice.md", "rule.yar", "poc.py"])
}
fn waves() -> impl Strategy<Value = WaveId> {
    ids(&["w", "x"])
}
fn tiers() -> impl Strategy<Value = TierId> {
    ids(&["early", "late"])
}
fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,12}", any::<String>()]
}
fn instants() -> impl Strategy<Value = Timestamp> {
    let near = (0..10_000_000_i64, 0..1_000_000_000_i32)
        .prop_map(|(second, nano)| Timestamp::new(1_780_272_000 + second, nano).unwrap());
    prop_oneof![6 => near, 1 => Just(Timestamp::MIN), 1 => Just(Timestamp::MAX)]
}
fn hashes() -> impl Strategy<Value = Sha256> {
    any::<[u8; 32]>().prop_map(Sha256)
}
fn small() -> impl Strategy<Value = u32> {
    prop_oneof![6 => 0..4_u32, 1 => any::<u32>(), 1 => Just(u32::MAX)]
}
/// Every number that JSON has.
fn numbers() -> impl Strategy<Value = f64> {
    NEGATIVE | POSITIVE | NORMAL | SUBNORMAL | ZERO
}
fn leads() -> impl Strategy<Value = Lead> {
    any::<u32>().prop_map(Lead::from_seconds)
}
fn classes() -> impl Strategy<Value = BTreeSet<Class>> {
    subsequence(Class::ALL, 0..=Class::ALL.len()).prop_map(|some| some.into_iter().collect())
}

fn facts() -> impl Strategy<Value = Fact> {
    let of = (
        select(FactKind::ALL),
        option::of(select(DutySubject::ALL)),
        option::of(select(Trigger::ALL)),
        option::of(leads()),
        option::of(text()),
        option::of(instants()),
    );
    of.prop_map(|(kind, subject, trigger, deadline, says, until)| Fact {
        kind,
        subject,
        trigger,
        deadline,
        says,
        until,
    })
}

fn program_events() -> impl Strategy<Value = ProgramEvent> {
    let rules = (leads(), leads(), numbers(), 0..9u32, leads(), criteria()).prop_map(
        |(max_embargo, exit_decision, epsilon, colluders, attest_every, criteria)| Rules {
            max_embargo,
            exit_decision,
            epsilon,
            colluders,
            attest_every,
            criteria,
        },
    );
    prop_oneof![
        (text(), rules).prop_map(|(name, rules)| ProgramEvent::Founded { name, rules }),
        users().prop_map(|operator| ProgramEvent::OperatorProposed { operator }),
        users().prop_map(|operator| ProgramEvent::OperatorAdded { operator }),
        (users(), text())
            .prop_map(|(operator, reason)| ProgramEvent::OperatorRemovalProposed { operator, reason }),
        (users(), text()).prop_map(|(operator, reason)| ProgramEvent::OperatorRemoved { operator, reason }),
        (prop_oneof![tiers().prop_map(String::from), text()], leads(), classes())
            .prop_map(|(id, lead, classes)| ProgramEvent::TierSet { tier: Tier { id, lead, classes } }),
        (users(), roles()).prop_map(|(operator, roles)| ProgramEvent::RolesProposed { operator, roles }),
        (users(), roles()).prop_map(|(operator, roles)| ProgramEvent::RolesSet { operator, roles }),
        criteria().prop_map(|criteria| ProgramEvent::CriteriaProposed { criteria }),
        criteria().prop_map(|criteria| ProgramEvent::CriteriaSet { criteria }),
        Just(ProgramEvent::ClockLookedAt {}),
        Just(ProgramEvent::ClockConfirmed {}),
        losses().prop_map(|loss| ProgramEvent::RestoreProposed { loss }),
        losses().prop_map(|loss| ProgramEvent::RestoreAccepted { loss }),
        Just(ProgramEvent::Heartbeat {}),
    ]
}

fn losses() -> impl Strategy<Value = Loss> {
    let head = || (any::<u64>(), hashes()).prop_map(|(size, root)| Head { size, root });
    (head(), head(), text()).prop_map(|(have, newest, reason)| Loss { have, newest, reason })
}

fn criterion_ids() -> impl Strategy<Value = CriterionId> {
    ids(&["nda", "api"])
}

fn criteria() -> impl Strategy<Value = Vec<Criterion>> {
    let one = (criterion_ids(), text(), text()).prop_map(|(id, sentence, source)| Criterion {
        id,
        sentence,
        source,
    });
    prop::collection::vec(one, 0..3)
}

fn vetting_events() -> impl Strategy<Value = VettingEvent> {
    let answer = prop_oneof![
        Just(Answer::Met),
        Just(Answer::NotMet),
        text().prop_map(|reason| Answer::Waived { reason }),
    ];
    let day = (1970..2200_i16, 1..13_i8, 1..29_i8).prop_map(|(y, m, d)| jiff::civil::date(y, m, d));
    let outcome = select(vec![ScreeningOutcome::Clear, ScreeningOutcome::Hit]);
    let screening =
        (text(), hashes(), day, outcome, text()).prop_map(|(list, sha256, list_date, outcome, reason)| {
            Screening { list, sha256, list_date, outcome, reason }
        });
    let contact = (text(), text()).prop_map(|(name, address)| Contact { name, address });
    prop_oneof![
        (members(), criterion_ids(), answer, text()).prop_map(|(member, criterion, answer, evidence)| {
            VettingEvent::Assessed { member, criterion, answer, evidence }
        }),
        (members(), hashes()).prop_map(|(member, sheet)| VettingEvent::SheetSigned { member, sheet }),
        (members(), screening).prop_map(|(member, screening)| VettingEvent::Screened { member, screening }),
        (members(), select(ContactRole::ALL.as_slice()), contact)
            .prop_map(|(member, role, contact)| VettingEvent::ContactSet { member, role, contact }),
    ]
}

fn member_events() -> impl Strategy<Value = MemberEvent> {
    let fingerprint = || select(vec!["f1", "f2"]).prop_map(String::from);
    prop_oneof![
        (members(), text()).prop_map(|(member, name)| MemberEvent::Applied { member, name }),
        (members(), select(Standing::ALL), text()).prop_map(|(member, to, reason)| MemberEvent::Moved {
            member,
            to,
            reason
        }),
        (members(), select(Standing::ALL), text())
            .prop_map(|(member, to, reason)| MemberEvent::MoveProposed { member, to, reason }),
        (members(), tiers()).prop_map(|(member, tier)| MemberEvent::Tiered { member, tier }),
        (members(), text(), instants()).prop_map(|(member, version, until)| MemberEvent::Signed {
            member,
            agreement: Agreement { version, until }
        }),
        (members(), facts(), text()).prop_map(|(member, fact, evidence)| MemberEvent::FactRecorded {
            member,
            fact,
            evidence
        }),
        (members(), text(), text()).prop_map(|(member, key, reason)| MemberEvent::FactWithdrawn {
            member,
            key,
            reason
        }),
        (members(), text(), fingerprint()).prop_map(|(member, recipient, fingerprint)| {
            MemberEvent::KeyAdded { member, recipient, fingerprint }
        }),
        (members(), fingerprint())
            .prop_map(|(member, fingerprint)| MemberEvent::KeyConfirmed { member, fingerprint }),
        (members(), fingerprint())
            .prop_map(|(member, fingerprint)| MemberEvent::KeyReconfirmed { member, fingerprint }),
        (members(), text(), fingerprint()).prop_map(|(member, key, fingerprint)| {
            MemberEvent::SigningKeyAdded { member, key, fingerprint }
        }),
        (members(), fingerprint())
            .prop_map(|(member, fingerprint)| MemberEvent::SigningKeyConfirmed { member, fingerprint }),
        (members(), any::<bool>())
            .prop_map(|(member, required)| MemberEvent::SignatureRequired { member, required }),
    ]
}

fn case_events() -> impl Strategy<Value = CaseEvent> {
    let what =
        select(vec![Observation::PublicAware, Observation::ExploitPublic, Observation::AttacksObserved]);
    let file = (text(), hashes()).prop_map(|(name, sha256)| PublishedFile { name, sha256 });
    prop_oneof![
        (cases(), text(), prop::collection::vec(text(), 0..3))
            .prop_map(|(case, title, cves)| CaseEvent::Opened { case, title, cves }),
        (cases(), what, instants()).prop_map(|(case, what, since)| CaseEvent::Observed { case, what, since }),
        (cases(), instants(), prop::collection::vec(file, 0..3))
            .prop_map(|(case, at, files)| CaseEvent::Published { case, at, files }),
        cases().prop_map(|case| CaseEvent::Closed { case }),
    ]
}

fn embargo_events() -> impl Strategy<Value = EmbargoEvent> {
    let step = prop_oneof![
        instants().prop_map(Move::Propose),
        Just(Move::Accept),
        Just(Move::Reject),
        instants().prop_map(Move::Terminate),
    ];
    prop_oneof![
        4 => (cases(), step, text(), option::of((instants(), users()))).prop_map(|(case, step, reason, accepts)| {
            let accepts = accepts.map(|(ends, by)| Proposal { ends, by });
            EmbargoEvent::Moved { case, step, reason, accepts }
        }),
        1 => (cases(), text()).prop_map(|(case, reason)| EmbargoEvent::ExitProposed { case, reason }),
        1 => (cases(), text()).prop_map(|(case, reason)| EmbargoEvent::Kept { case, reason }),
    ]
}

fn item_events() -> impl Strategy<Value = ItemEvent> {
    let of = (items(), select(Class::ALL), select(Tlp::ALL.as_slice()), hashes(), hashes(), any::<u64>());
    let item =
        of.prop_map(|(item, class, tlp, blob, text, size)| Item { item, class, tlp, blob, text, size });
    (cases(), small(), prop::collection::vec(item, 0..4))
        .prop_map(|(case, package, items)| ItemEvent::Added { case, package, items })
}

fn marks_events() -> impl Strategy<Value = MarksEvent> {
    let law = (small(), prop::option::of(hashes()));
    let of = (cases(), small(), hashes(), hashes(), small(), text(), text(), text(), numbers(), law);
    of.prop_map(|(case, package, codebook, site_map, sites, renderer, reader, scorer, epsilon, law)| {
        let (colluders, bias) = law;
        let marks = MarksCommitment {
            package,
            codebook,
            site_map,
            sites,
            renderer,
            reader,
            scorer,
            epsilon,
            colluders,
            bias,
        };
        MarksEvent::Committed { case, marks }
    })
}

fn wave_events() -> impl Strategy<Value = WaveEvent> {
    let withheld = (
        items(),
        option::of(instants()),
        prop::collection::vec(text(), 0..2),
        prop::collection::vec(text(), 0..2),
    )
        .prop_map(|(item, until, policies, facts)| Withholding { item, until, policies, facts });
    let scheduled = (
        cases(),
        waves(),
        leads(),
        prop::collection::btree_set(tiers(), 0..3),
        prop::collection::btree_set(items(), 0..4),
    );
    prop_oneof![
        scheduled.prop_map(|(case, wave, lead, tiers, items)| WaveEvent::Scheduled {
            case,
            wave,
            lead,
            tiers,
            items
        }),
        (cases(), waves(), option::of(hashes()), option::of(small()))
            .prop_map(|(case, wave, plan, package)| WaveEvent::Approved { case, wave, plan, package }),
        (cases(), waves(), members(), prop::collection::vec(withheld, 0..3), option::of(text())).prop_map(
            |(case, wave, member, items, policy_set)| WaveEvent::Withheld {
                case,
                wave,
                member,
                items,
                policy_set
            }
        ),
        (cases(), waves()).prop_map(|(case, wave)| WaveEvent::Released { case, wave }),
    ]
}

fn grant_events() -> impl Strategy<Value = GrantEvent> {
    let of = (cases(), waves(), items(), members(), hashes(), any::<u64>(), small(), hashes());
    let given = (of, text(), text(), prop::collection::vec(text(), 0..3)).prop_map(
        |(of, key, policy_set, policies)| {
            let (case, wave, item, member, sha256, size, package, row) = of;
            let facts = policies.clone();
            GrantEvent::Given(Grant {
                case,
                wave,
                item,
                member,
                sha256,
                size,
                package,
                row,
                key,
                policy_set,
                policies,
                facts,
            })
        },
    );
    let copy = || (cases(), items(), members(), bys());
    let signed = (text(), prop::option::of(text()), hashes(), text(), text(), text()).prop_map(
        |(authority, query, token, input, key, signature)| {
            Box::new(SignedRequest { authority, query, token, input, key, signature })
        },
    );
    let fetched = (copy(), prop::option::of(signed)).prop_map(|((case, item, member, by), signed)| {
        GrantEvent::Fetched(Fetching { case, item, member, by, signed })
    });
    let acknowledged = (copy(), any::<u64>(), hashes(), any::<u64>(), hashes(), text(), text()).prop_map(
        |((case, item, member, by), grant, sha256, tree_size, root, key, signature)| {
            GrantEvent::Acknowledged(Acknowledging {
                case,
                item,
                member,
                grant,
                sha256,
                tree_size,
                root,
                key,
                signature,
                by,
            })
        },
    );
    let assertion = (text(), text(), text(), text()).prop_map(
        |(credential, authenticator_data, client_data, signature)| Assertion {
            credential,
            authenticator_data,
            client_data,
            signature,
        },
    );
    let of = (cases(), items(), members(), small());
    let asserted = (of, any::<u64>(), hashes(), any::<u64>(), hashes(), assertion).prop_map(
        |((case, item, member, passkey), grant, sha256, tree_size, root, assertion)| {
            let passkey = PasskeyId(passkey);
            let asserting =
                Asserting { case, item, member, grant, sha256, tree_size, root, passkey, assertion };
            GrantEvent::Asserted(Box::new(asserting))
        },
    );
    prop_oneof![2 => given, 1 => fetched, 1 => acknowledged, 1 => asserted]
}

fn exhibits() -> impl Strategy<Value = Exhibit> {
    (text(), hashes(), any::<u64>(), hashes()).prop_map(|(name, sha256, size, blob)| Exhibit {
        name,
        sha256,
        size,
        blob,
    })
}

fn report_events() -> impl Strategy<Value = ReportEvent> {
    let kind = select(vec![SightingKind::Leak, SightingKind::Mention, SightingKind::Exploitation]);
    let said = prop_oneof![
        (kind, instants(), prop::collection::vec(exhibits(), 0..2))
            .prop_map(|(kind, seen, exhibits)| Said::Sighting { kind, seen, exhibits }),
        instants().prop_map(|since| Said::Coverage { since }),
        instants().prop_map(|at| Said::Mistake { at }),
    ];
    prop_oneof![
        (small(), members(), bys(), cases(), said, text()).prop_map(
            |(report, member, by, case, said, note)| {
                let report = ReportId(report);
                ReportEvent::Filed { report, member, by, case, said, note }
            }
        ),
        (small(), small()).prop_map(|(report, sighting)| ReportEvent::Adopted {
            report: ReportId(report),
            sighting: SightingId(sighting)
        }),
    ]
}

fn invitation_events() -> impl Strategy<Value = InvitationEvent> {
    prop_oneof![
        (small(), members(), hashes(), instants()).prop_map(|(invitation, member, sha256, until)| {
            InvitationEvent::Made { invitation: InvitationId(invitation), member, sha256, until }
        }),
        (small(), small()).prop_map(|(invitation, token)| InvitationEvent::Accepted {
            invitation: InvitationId(invitation),
            token: TokenId(token)
        }),
    ]
}

fn sighting_events() -> impl Strategy<Value = SightingEvent> {
    let kind = select(vec![SightingKind::Leak, SightingKind::Mention, SightingKind::Exploitation]);
    (small(), cases(), kind, instants(), text(), prop::collection::vec(exhibits(), 0..2)).prop_map(
        |(id, case, kind, seen, note, exhibits)| {
            SightingEvent::Added(Sighting { id: SightingId(id), case, kind, seen, note, exhibits })
        },
    )
}

fn leak_events() -> impl Strategy<Value = LeakEvent> {
    let reading =
        (hashes(), text(), small(), small(), small()).prop_map(|(sha256, reader, package, sites, read)| {
            ReadingRecord { sha256, reader, package, sites, read }
        });
    let accused = (members(), numbers(), numbers()).prop_map(|(member, log10_e, p_value)| Accused {
        member,
        log10_e,
        p_value,
    });
    let verdict = select(vec![Verdict::Attributed, Verdict::Inconclusive, Verdict::NotDerived]);
    let accused = prop::collection::vec(accused, 0..3);
    let evidence = prop::collection::btree_map(members(), numbers(), 0..3);
    let trace = (text(), numbers(), small(), verdict, accused, option::of(numbers()), evidence).prop_map(
        |(scorer, epsilon, population, verdict, accused, max_innocent_log10_e, evidence)| TraceRecord {
            scorer,
            epsilon,
            population,
            verdict,
            accused,
            max_innocent_log10_e,
            evidence,
        },
    );
    prop_oneof![
        (small(), small(), cases(), small()).prop_map(|(leak, sighting, case, look)| LeakEvent::Opened {
            leak: LeakId(leak),
            sighting: SightingId(sighting),
            case,
            look
        }),
        (small(), reading).prop_map(|(leak, reading)| LeakEvent::Read { leak: LeakId(leak), reading }),
        (small(), trace).prop_map(|(leak, trace)| LeakEvent::Traced { leak: LeakId(leak), trace }),
    ]
}

fn review_events() -> impl Strategy<Value = ReviewEvent> {
    let outcome =
        || select(vec![Outcome::Clear, Outcome::Warn, Outcome::Restrict, Outcome::Suspend, Outcome::Remove]);
    let review = || small().prop_map(ReviewId);
    let restriction = || {
        let some = (classes(), option::of(instants()));
        option::of(some.prop_map(|(classes, until)| Restriction { classes, until }))
    };
    prop_oneof![
        (review(), members(), option::of(small().prop_map(LeakId)), text())
            .prop_map(|(review, member, leak, reason)| ReviewEvent::Opened { review, member, leak, reason }),
        (review(), text()).prop_map(|(review, text)| ReviewEvent::Replied { review, text }),
        (review(), outcome(), text(), option::of(text()), restriction()).prop_map(
            |(review, outcome, reason, finding, restriction)| ReviewEvent::Proposed {
                review,
                outcome,
                reason,
                finding,
                restriction
            }
        ),
        (review(), outcome(), restriction())
            .prop_map(|(review, outcome, restriction)| ReviewEvent::Decided { review, outcome, restriction }),
    ]
}

fn deadline_events() -> impl Strategy<Value = DeadlineEvent> {
    let id = || small().prop_map(DeadlineId);
    prop_oneof![
        (id(), cases(), instants()).prop_map(|(id, case, due)| DeadlineEvent::Opened {
            id,
            case,
            kind: DeadlineKind::ExitDecision,
            due
        }),
        (id(), text()).prop_map(|(id, how)| DeadlineEvent::Closed { id, how }),
    ]
}

fn notification_events() -> impl Strategy<Value = NotificationEvent> {
    let id = || small().prop_map(NotificationId);
    let about = prop_oneof![
        cases().prop_map(About::Embargo),
        small().prop_map(|review| About::Review(ReviewId(review))),
        members().prop_map(About::Standing),
        (cases(), waves()).prop_map(|(case, wave)| About::Wave { case, wave }),
        (text(), instants(), 0..40_u8).prop_map(|(what, at, days)| About::Lapse { what, at, days }),
        Just(About::Test {}),
    ];
    let some = || prop::collection::btree_set(members(), 0..3);
    prop_oneof![
        (id(), about, some(), text()).prop_map(|(notification, about, members, text)| {
            NotificationEvent::Due { notification, about, members, text }
        }),
        (id(), some(), text()).prop_map(|(notification, members, how)| NotificationEvent::Told {
            notification,
            members,
            how
        }),
        (id(), recipients()).prop_map(|(notification, to)| NotificationEvent::Sent { notification, to }),
        (id(), recipients(), text()).prop_map(|(notification, to, says)| NotificationEvent::GivenUp {
            notification,
            to,
            says
        }),
        (id(), recipients()).prop_map(|(notification, to)| NotificationEvent::Retried { notification, to }),
    ]
}

fn recipients() -> impl Strategy<Value = BTreeSet<Recipient>> {
    let one = prop_oneof![
        (members(), 0..5_usize)
            .prop_map(|(member, role)| Recipient::Member(member, Receiver::Mail(ContactRole::ALL[role]))),
        (members(), small())
            .prop_map(|(member, id)| Recipient::Member(member, Receiver::Webhook(EndpointId(id)))),
        Just(Recipient::Operators),
    ];
    prop::collection::btree_set(one, 0..4)
}

fn endpoint_events() -> impl Strategy<Value = EndpointEvent> {
    let id = || small().prop_map(EndpointId);
    prop_oneof![
        (id(), members(), text(), text()).prop_map(|(endpoint, member, url, salt)| EndpointEvent::Added {
            endpoint,
            member,
            url,
            salt
        }),
        id().prop_map(|endpoint| EndpointEvent::Removed { endpoint }),
    ]
}

fn token_events() -> impl Strategy<Value = TokenEvent> {
    let holder = prop_oneof![
        members().prop_map(Holder::Member),
        users().prop_map(Holder::Operator),
        Just(Holder::Observer),
    ];
    let scopes =
        subsequence(vec![Scope::Fetch, Scope::Acknowledge, Scope::Report, Scope::Read, Scope::Act], 0..=5)
            .prop_map(|scopes| scopes.into_iter().collect::<BTreeSet<_>>());
    let from = subsequence(vec!["192.0.2.0/24", "2001:db8::/32"], 0..=2)
        .prop_map(|nets| nets.into_iter().map(|net| net.parse().unwrap()).collect());
    prop_oneof![
        (small(), hashes(), holder, scopes, instants(), from, prop::option::of(hashes())).prop_map(
            |(token, sha256, holder, scopes, until, from, certificate)| {
                let token = TokenId(token);
                TokenEvent::Issued { token, sha256, holder, scopes, until, from, certificate }
            }
        ),
        (small(), text()).prop_map(|(token, reason)| TokenEvent::Revoked { token: TokenId(token), reason }),
    ]
}

/// By what a member's deed comes.
fn bys() -> impl Strategy<Value = By> {
    prop_oneof![
        small().prop_map(|token| By::Token(TokenId(token))),
        small().prop_map(|passkey| By::Passkey(PasskeyId(passkey))),
    ]
}

fn subject_events() -> impl Strategy<Value = SubjectEvent> {
    let subject = || (text(), text()).prop_map(|(issuer, subject)| Subject { issuer, subject });
    prop_oneof![
        (users(), subject()).prop_map(|(operator, subject)| SubjectEvent::LinkProposed { operator, subject }),
        (users(), subject()).prop_map(|(operator, subject)| SubjectEvent::Linked { operator, subject }),
        (subject(), text()).prop_map(|(subject, reason)| SubjectEvent::Unlinked { subject, reason }),
    ]
}

fn passkey_events() -> impl Strategy<Value = PasskeyEvent> {
    let user = prop_oneof![
        users().prop_map(User::Operator),
        (members(), text()).prop_map(|(member, name)| User::AtMember { member, name }),
    ];
    prop_oneof![
        users().prop_map(|operator| PasskeyEvent::LinkProposed { operator }),
        (small(), user, hashes(), instants()).prop_map(|(link, user, sha256, until)| {
            PasskeyEvent::LinkMade { link: LinkId(link), user, sha256, until }
        }),
        (small(), small(), text(), text(), text()).prop_map(|(link, passkey, credential, public, label)| {
            let (link, passkey) = (LinkId(link), PasskeyId(passkey));
            let public = serde_json::json!({ "cred": { "counter": 7, "x": public } });
            PasskeyEvent::Registered { link, passkey, credential, public, label }
        }),
        (small(), text(), prop::option::of(small())).prop_map(|(passkey, reason, by)| {
            PasskeyEvent::Revoked { passkey: PasskeyId(passkey), reason, by: by.map(PasskeyId) }
        }),
    ]
}

fn roles() -> impl Strategy<Value = BTreeSet<Role>> {
    subsequence(Role::ALL, 0..=Role::ALL.len()).prop_map(|some| some.into_iter().collect())
}

fn viewing_events() -> impl Strategy<Value = ViewingEvent> {
    let id = || small().prop_map(ViewingId);
    prop_oneof![
        (id(), cases(), items(), hashes(), text()).prop_map(|(viewing, case, item, text, reason)| {
            ViewingEvent::Asked { viewing, case, item, text, reason }
        }),
        id().prop_map(|viewing| ViewingEvent::Approved { viewing }),
        (id(), text()).prop_map(|(viewing, fact)| ViewingEvent::Viewed {
            viewing,
            policies: Vec::new(),
            facts: vec![fact]
        }),
    ]
}

fn policy_events() -> impl Strategy<Value = PolicyEvent> {
    let sets = prop_oneof![
        text(),
        Just(crate::world::POLICY.text().to_owned()),
        Just(String::from("@id(\"no\") @says(\"no\") forbid (principal, action, resource);")),
    ];
    prop_oneof![
        (small(), text(), sets, text()).prop_map(|(number, name, text, reason)| PolicyEvent::Proposed {
            number,
            name,
            text,
            version: String::from("some"),
            reason
        }),
        small().prop_map(|number| PolicyEvent::Adopted { number }),
        (small(), text()).prop_map(|(number, reason)| PolicyEvent::Withdrawn { number, reason }),
    ]
}

/// Any event, with nothing in it that JSON could not hold.
pub(crate) fn events() -> impl Strategy<Value = Event> {
    prop_oneof![
        1 => program_events().prop_map(Event::Program),
        3 => member_events().prop_map(Event::Member),
        3 => case_events().prop_map(Event::Case),
        3 => embargo_events().prop_map(Event::Embargo),
        2 => item_events().prop_map(Event::Item),
        1 => marks_events().prop_map(Event::Marks),
        3 => wave_events().prop_map(Event::Wave),
        2 => grant_events().prop_map(Event::Grant),
        1 => sighting_events().prop_map(Event::Sighting),
        2 => leak_events().prop_map(Event::Leak),
        2 => review_events().prop_map(Event::Review),
        2 => deadline_events().prop_map(Event::Deadline),
        1 => notification_events().prop_map(Event::Notification),
        1 => endpoint_events().prop_map(Event::Endpoint),
        2 => vetting_events().prop_map(Event::Vetting),
        1 => token_events().prop_map(Event::Token),
        1 => viewing_events().prop_map(Event::Viewing),
        1 => policy_events().prop_map(Event::Policy),
        1 => report_events().prop_map(Event::Report),
        1 => invitation_events().prop_map(Event::Invitation),
        1 => passkey_events().prop_map(Event::Passkey),
        1 => subject_events().prop_map(Event::Subject),
    ]
}

/// Any entry, at any place and instant.
pub(crate) fn entries() -> impl Strategy<Value = Entry> {
    let seq = prop_oneof![any::<u64>(), Just(u64::MAX)];
    (seq, instants(), users(), events()).prop_map(|(seq, at, actor, event)| Entry { seq, at, actor, event })
}
