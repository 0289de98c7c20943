//! What a member does with a granted copy: fetch it, acknowledge it, each once.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use policy::Standing;
use program::{
    Command, Refusal,
    actor::MEMBER,
    by::By,
    delivery::{Acknowledging, Delivery, DeliveryCommand, Fetching, SignedRequest},
    due::What,
    id::TokenId,
    member::MemberCommand,
    token::{Holder, Scope, TokenCommand},
};

use crate::world::{DAY, END, World, about, case, item, member, sha, t, to};

const ITEM: &str = "notice.md";

fn issue(text: &str, to: &str, scopes: &[Scope]) -> Command {
    Command::Token(TokenCommand::Issue {
        sha256: sha(text),
        holder: Holder::Member(member(to)),
        scopes: scopes.iter().copied().collect::<BTreeSet<_>>(),
        until: t(100 * DAY),
        from: Vec::new(),
        certificate: None,
    })
}

pub(crate) fn signing_key(key: &str) -> MemberCommand {
    MemberCommand::AddSigningKey { key: key.to_owned(), fingerprint: format!("fp-{key}") }
}

pub(crate) fn confirm(key: &str) -> MemberCommand {
    MemberCommand::ConfirmKey { fingerprint: format!("fp-{key}") }
}

/// Released, with a token for acme (T1), one for bolt (T2), and acme's signing key confirmed.
fn released() -> World {
    let mut world = World::due();
    world.release("ann").unwrap();
    world.ok("ann", issue("a", "acme", &[Scope::Fetch, Scope::Acknowledge]));
    world.ok("ann", issue("b", "bolt", &[Scope::Fetch]));
    world.ok("ann", about("acme", signing_key("sign1")));
    world.ok("bob", about("acme", confirm("sign1")));
    world
}

fn fetch(who: &str, token: u32, of: &str) -> Command {
    fetching(who, token, of, None)
}

fn fetching(who: &str, token: u32, of: &str, signed: Option<SignedRequest>) -> Command {
    let (case, item, member, signed) = (case("c"), item(of), member(who), signed.map(Box::new));
    Command::Delivery(DeliveryCommand::Fetch(Fetching {
        case,
        item,
        member,
        by: By::Token(TokenId(token)),
        signed,
    }))
}

/// A request that whoever makes the command has checked.
fn signed(key: &str, token: &str) -> SignedRequest {
    SignedRequest {
        authority: String::from("warn.example"),
        query: None,
        token: sha(token),
        input: String::from("(\"@path\")"),
        key: key.to_owned(),
        signature: String::from("signature"),
    }
}

fn require(required: bool) -> MemberCommand {
    MemberCommand::RequireSignature { required }
}

fn acknowledging(world: &World) -> Acknowledging {
    let granted = world.program.case(&case("c")).unwrap().granted(&item(ITEM), &member("acme")).unwrap();
    Acknowledging {
        case: case("c"),
        item: item(ITEM),
        member: member("acme"),
        grant: granted.seq,
        sha256: granted.sha256,
        tree_size: granted.seq + 1,
        root: sha("root"),
        key: String::from("sign1"),
        signature: String::from("signature"),
        by: By::Token(TokenId(1)),
    }
}

fn acknowledge(acknowledging: Acknowledging) -> Command {
    Command::Delivery(DeliveryCommand::Acknowledge(acknowledging))
}

fn delivery(world: &World) -> Delivery {
    world.program.case(&case("c")).unwrap().granted(&item(ITEM), &member("acme")).unwrap().delivery()
}

#[test]
fn nothing_is_fetched_that_was_not_granted_or_by_another() {
    let mut world = released();
    assert!(matches!(world.refused("ann", fetch("acme", 1, ITEM)), Refusal::ByMemberAlone));
    for (who, token) in [("acme", 2), ("bolt", 1), ("acme", 7)] {
        assert!(matches!(world.refused(MEMBER, fetch(who, token, ITEM)), Refusal::TokenNotGood), "{who}");
    }
    // Bolt's tier gets no reproduction before the public instant.
    assert!(matches!(world.refused(MEMBER, fetch("bolt", 2, "poc.py")), Refusal::Withheld { .. }));
    assert!(matches!(world.refused(MEMBER, fetch("acme", 1, "nothing")), Refusal::UnknownItem { .. }));
    world.ok("ann", to("acme", Standing::Suspended));
    assert!(matches!(world.refused(MEMBER, fetch("acme", 1, ITEM)), Refusal::TokenNotGood));
}

#[test]
fn a_first_fetch_is_an_event_and_no_other() {
    let mut world = released();
    assert_eq!(delivery(&world), Delivery::Granted);
    world.ok(MEMBER, fetch("acme", 1, ITEM));
    assert_eq!(delivery(&world), Delivery::Fetched);
    world.now = t(END);
    world.idle(MEMBER, fetch("acme", 1, ITEM));
}

#[test]
fn a_fetch_is_signed_with_the_confirmed_key_for_the_token_that_is_shown() {
    let mut world = released();
    world.ok("ann", about("acme", signing_key("sign2")));
    for (bad, token) in [("sign2", "a"), ("sign3", "a")] {
        let refused = world.refused(MEMBER, fetching("acme", 1, ITEM, Some(signed(bad, token))));
        assert!(matches!(refused, Refusal::OtherSigningKey { .. }), "{bad}: {refused}");
    }
    for bad in ["b", "c"] {
        let refused = world.refused(MEMBER, fetching("acme", 1, ITEM, Some(signed("sign1", bad))));
        assert_eq!(refused, Refusal::TokenNotGood, "another token");
    }
    let refused = world.refused(MEMBER, fetching("bolt", 2, ITEM, Some(signed("sign1", "b"))));
    assert_eq!(refused, Refusal::NoSigningKey, "bolt has none");
    let [entry] = &world.ok(MEMBER, fetching("acme", 1, ITEM, Some(signed("sign1", "a"))))[..] else {
        panic!("one entry")
    };
    assert_eq!(
        String::from_utf8(entry.to_body().unwrap()).unwrap(),
        format!(
            r#"{{"v":1,"at":"2026-06-17T00:00:00Z","actor":"member","event":{{"grant":{{"fetched":{{"case":"c","item":"notice.md","member":"acme","token":"T1","signed":{{"authority":"warn.example","token":"{}","input":"(\"@path\")","key":"sign1","signature":"signature"}}}}}}}}}}"#,
            sha("a")
        ),
        "receipts read this form"
    );
}

#[test]
fn what_must_be_signed_is_refused_unsigned_and_by_a_key_that_was_not_compared_again() {
    let mut world = released();
    assert!(matches!(world.refused("ann", about("bolt", require(true))), Refusal::NothingToSignWith { .. }));
    world.idle("ann", about("acme", require(false)));
    world.ok("ann", about("acme", require(true)));
    world.idle("bob", about("acme", require(true)));
    assert_eq!(world.refused(MEMBER, fetch("acme", 1, ITEM)), Refusal::Unsigned);

    let due = |world: &World| {
        let lapses =
            program::due::due(&world.program, world.program.policies(), world.now, SignedDuration::ZERO);
        lapses.into_iter().any(|due| due.what == What::SigningKey(String::from("fp-sign1")))
    };
    let again = Command::Token(TokenCommand::Issue {
        sha256: sha("later"),
        holder: Holder::Member(member("acme")),
        scopes: [Scope::Fetch].into(),
        until: t(700 * DAY),
        from: Vec::new(),
        certificate: None,
    });
    world.now = t(370 * DAY);
    world.ok("ann", again);
    assert!(!due(&world));
    world.now = t(400 * DAY);
    assert!(due(&world));
    let late = fetching("acme", 3, ITEM, Some(signed("sign1", "later")));
    assert_eq!(
        world.refused(MEMBER, late.clone()),
        Refusal::NoSigningKey,
        "it may be somebody else's by now"
    );
    let compared = MemberCommand::ReconfirmKey { fingerprint: String::from("fp-sign1") };
    assert!(matches!(world.refused("bob", about("bolt", compared.clone())), Refusal::UnknownKey { .. }));
    world.ok("bob", about("acme", compared.clone()));
    world.idle("bob", about("acme", compared));
    assert!(!due(&world));
    assert!(!matches!(world.run(MEMBER, late), Err(Refusal::NoSigningKey)));
    world.ok("ann", about("acme", require(false)));
}

#[test]
fn only_the_granted_copy_in_this_log_is_acknowledged_by_the_confirmed_key() {
    let mut world = released();
    let entries = world.program.entries();
    let refused = |world: &mut World, change: fn(&mut Acknowledging)| {
        let mut bad = acknowledging(world);
        change(&mut bad);
        world.refused(MEMBER, acknowledge(bad))
    };
    let other: [fn(&mut Acknowledging); 4] = [
        |it| it.grant += 1,
        |it| it.sha256 = sha("another copy"),
        |it| it.tree_size = it.grant,
        |it| it.tree_size = u64::MAX,
    ];
    for change in other {
        assert_eq!(refused(&mut world, change), Refusal::OtherGrant);
    }
    assert!(matches!(refused(&mut world, |it| it.key = "sign2".into()), Refusal::OtherSigningKey { .. }));
    assert!(matches!(refused(&mut world, |it| it.by = By::Token(TokenId(2))), Refusal::TokenNotGood));
    assert!(matches!(refused(&mut world, |it| it.member = member("bolt")), Refusal::TokenNotGood));
    assert!(matches!(refused(&mut world, |it| it.case = case("d")), Refusal::UnknownCase(_)));
    assert!(matches!(refused(&mut world, |it| it.item = item("x")), Refusal::UnknownItem { .. }));
    let good = acknowledging(&world);
    assert!(matches!(world.refused("ann", acknowledge(good)), Refusal::ByMemberAlone));
    assert_eq!(world.program.entries(), entries);

    // A newer key that nobody confirmed does not count, and one that was confirmed takes the older one's place.
    world.ok("ann", about("acme", signing_key("sign2")));
    assert!(matches!(refused(&mut world, |it| it.key = "sign2".into()), Refusal::OtherSigningKey { .. }));
    world.ok("bob", about("acme", confirm("sign2")));
    assert!(matches!(refused(&mut world, |_| {}), Refusal::OtherSigningKey { .. }));
}

#[test]
fn an_acknowledgement_is_logged_once_and_another_is_refused() {
    let mut world = released();
    let good = acknowledging(&world);
    let [entry] = &world.ok(MEMBER, acknowledge(good.clone()))[..] else { panic!("one entry") };
    assert_eq!(delivery(&world), Delivery::Acknowledged);
    assert_eq!(
        String::from_utf8(entry.to_body().unwrap()).unwrap(),
        format!(
            r#"{{"v":1,"at":"2026-06-17T00:00:00Z","actor":"member","event":{{"grant":{{"acknowledged":{{"case":"c","item":"notice.md","member":"acme","grant":{},"sha256":"{}","tree_size":{},"root":"{}","key":"sign1","signature":"signature","token":"T1"}}}}}}}}"#,
            good.grant, good.sha256, good.tree_size, good.root
        ),
        "receipts read this form"
    );
    world.idle(MEMBER, acknowledge(good.clone()));
    let other = Acknowledging { signature: String::from("another"), ..good.clone() };
    assert_eq!(world.refused(MEMBER, acknowledge(other)), Refusal::AcknowledgedAlready);
    // Whoever lost the answer asks again, with a key that was replaced since.
    world.ok("ann", about("acme", signing_key("sign2")));
    world.ok("bob", about("acme", confirm("sign2")));
    world.idle(MEMBER, acknowledge(good));
}

#[test]
fn a_signing_key_belongs_to_one_member() {
    let mut world = released();
    assert!(matches!(world.refused("ann", about("bolt", signing_key("sign1"))), Refusal::Exists { .. }));
    assert!(matches!(world.refused("ann", about("bolt", signing_key(" "))), Refusal::Empty(_)));
    assert!(matches!(world.refused("ann", about("bolt", confirm("sign1"))), Refusal::UnknownKey { .. }));
    world.idle("ann", about("acme", confirm("sign1")));
}
