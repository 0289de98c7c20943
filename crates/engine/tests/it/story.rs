//! One whole program, from its members to its publication.

use engine::{StepError, WriteError};
use policy::Effect;
use program::{
    Command, Refusal,
    case::{CaseCommand, Observation},
    embargo::EmbargoCommand,
    id::SightingId,
    leak::Verdict,
    member::MemberCommand,
    plan::Fate,
    wave::WaveCommand,
};

use crate::world::{
    DAY, END, W1, W2, World, about, after, case, embargo, identity, item, member, sound, suspend, t, user,
    wave,
};

#[tokio::test]
async fn from_the_first_member_to_the_public_advisory() {
    tell(World::due(1).await).await;
}

#[tokio::test]
async fn from_the_first_member_to_the_public_advisory_on_a_server() {
    let Some(database) = testbed::postgres::database() else { return };
    tell(World::due_in(1, &crate::world::on_server(&database.url)).await).await;
}

async fn tell(world: World) {
    // The first wave: two members are in good order, two lack something and get nothing.
    let plan = world.engine.plan(&case("c"), &wave("w1"), None).await.unwrap();
    assert_eq!(plan.rows.len(), 8);
    let first = world.release("w1").await.unwrap();
    assert_eq!((first.granted, first.members, first.first), (4, 2, true), "{plan:#?}");
    assert_eq!(
        world.granted().await,
        ["acme/advisory.md", "acme/reproduction.py", "bolt/advisory.md", "bolt/reproduction.py"]
    );

    // What was withheld is explained as it was decided, then, now, and for the public instant.
    let advisory = item("advisory.md");
    let explain = async |id: &str, of: &str, at| {
        world.engine.explain(&case("c"), &item(of), &member(id), at).await.unwrap()
    };
    let keyless = explain("keyless", "advisory.md", None).await;
    assert_eq!(keyless.policy.decision.effect, Effect::Deny);
    assert!(keyless.policy.decision.policies.contains(&String::from("key-not-confirmed")));
    for at in [None, Some(t(END))] {
        let dutiful = explain("dutiful", "reproduction.py", at).await;
        assert_eq!(dutiful.policy.decision.effect, Effect::Deny);
        assert!(dutiful.policy.decision.policies.contains(&String::from("disclosure-duty")));
    }
    assert_eq!(explain("dutiful", "advisory.md", Some(t(END))).await.policy.decision.effect, Effect::Permit);
    let rows: Vec<_> = plan.rows.iter().filter(|row| row.item == advisory).collect();
    assert_eq!(rows.len(), 4);
    for row in rows {
        let then = explain(row.member.as_str(), "advisory.md", Some(t(W1))).await;
        assert_eq!(then.policy.decision.effect == Effect::Permit, row.fate == Fate::Due, "{row:?}");
    }

    // The key is confirmed late: the same wave goes on, and gives no one anything twice.
    world.clock.set(t(W1 + DAY));
    let fingerprint = identity(4).to_public().fingerprint();
    world.ok("bob", about("keyless", MemberCommand::ConfirmKey { fingerprint })).await;
    let late = world.release("w1").await.unwrap();
    assert_eq!((late.granted, late.members, late.first), (2, 1, false));
    let then = explain("keyless", "advisory.md", Some(t(W1))).await;
    assert_eq!(then.policy.decision, keyless.policy.decision, "the past is answered from the past");
    assert!(then.granted.is_none());
    assert_eq!(explain("keyless", "advisory.md", None).await.granted, Some(t(W1 + DAY)));

    // A suspension between grant and fetch bites at once, and leaves the others alone.
    assert_eq!(world.opened("acme").await.len(), 2);
    let key = about("acme", MemberCommand::ConfirmKey { fingerprint: identity(0).to_public().fingerprint() });
    assert!(world.engine.execute(&user("bob"), key).await.unwrap().is_empty());
    world.ok("ann", suspend("acme")).await;
    let held = world.engine.copies(&member("acme")).await.unwrap();
    assert!(held.sealed.is_empty());
    assert_eq!(held.held_back.len(), 2);
    assert!(held.held_back.iter().all(|copy| copy.says.contains("suspended")), "{:?}", held.held_back);
    assert_eq!(world.opened("keyless").await.len(), 2);

    // The second wave, to the other two tiers; the duty withholds everything from one member.
    world.clock.set(t(W2));
    assert_eq!(world.release("w2").await.unwrap().granted, 2);
    assert!(world.granted().await.contains(&String::from("cobalt/reproduction.py")));

    // Every member's copy is its own, and the same whenever it is fetched.
    let (bolt, keyless) = (world.opened("bolt").await, world.opened("keyless").await);
    assert_ne!(bolt, keyless);
    assert_eq!(bolt, world.opened("bolt").await);

    // A leak: bolt's advisory without its first lines.
    world.clock.set(t(W2 + DAY));
    let leaked: String = bolt[0].1.lines().skip(2).collect::<Vec<_>>().join("\n");
    world.leak("paste.txt", &leaked).await;
    let report = world.engine.trace(&user("ines"), SightingId(1)).await.unwrap();
    assert_eq!(report.verdict, Verdict::Attributed, "{report:#?}");
    assert_eq!(report.accused.iter().map(|a| a.member.as_str()).collect::<Vec<_>>(), ["bolt"]);
    assert_eq!(report.population, 4);
    assert_eq!(report.timing.len(), 4);
    let entries = world.entries().await;
    let again = world.engine.trace(&user("ann"), SightingId(1)).await.unwrap();
    let json = |report| serde_json::to_value(report).unwrap();
    assert_eq!(json(&again), json(&report), "the same exhibit gives the same verdict");
    assert_eq!(world.entries().await, entries, "and nothing new to log");
    let ledger = world.engine.leak_ledger().await.unwrap();
    assert_eq!((ledger.looks, ledger.cases, ledger.uncounted), (1, 1, 0));
    assert_eq!(ledger.members.first().map(|line| line.member.as_str()), Some("bolt"));
    assert_eq!(ledger.members.iter().filter(|line| line.releases == 1).count(), 4);

    // Nothing is public before the end, and at the end it carries no marks.
    world.clock.set(after(t(END), -1));
    let early = world.engine.publish(&user("ann"), &case("c")).await.unwrap_err();
    assert!(matches!(early, StepError::Write(WriteError::Refused(Refusal::PublishEarly { .. }))), "{early}");
    assert_eq!(world.engine.folder().public().read_dir().unwrap().count(), 0);
    world.clock.set(t(END));
    let files = world.engine.publish(&user("ann"), &case("c")).await.unwrap();
    let public = String::from_utf8(files[0].bytes.clone()).unwrap();
    assert!(public.contains("hands a slot on as it stands") && !public.contains("{~"), "{public}");
    for constant in ["tr", "fn", "bd"] {
        let own = |text: &str| text.split('`').nth(1).unwrap().to_owned();
        assert!(!public.contains(&own(&bolt[0].1)), "{constant}");
    }
    let entries = world.entries().await;
    assert_eq!(world.engine.publish(&user("bob"), &case("c")).await.unwrap(), files);
    assert_eq!(world.entries().await, entries);
    // What is learned later does not change what was published.
    world.clock.set(t(END + DAY));
    let attacks = CaseCommand::Observe { what: Observation::AttacksObserved, at: t(W2) };
    world.ok("ann", Command::Case(case("c"), attacks)).await;
    assert_eq!(world.engine.publish(&user("bob"), &case("c")).await.unwrap(), files);
    sound(&world.verify().await);

    // After the end the descriptions that were withheld go out as well; the reproduction still does not.
    let after_end = world.release("w1").await.unwrap();
    assert_eq!(after_end.granted, 1);
    assert_eq!(world.release("w2").await.unwrap().granted, 1);
    let grants = world.granted().await;
    let mut once = grants.clone();
    once.dedup();
    assert_eq!((grants.len(), &once), (10, &grants));
    let root = world.root();
    let folder = world.closed().await;
    sound(&engine::verify::verify(&root, &engine::progress::Unwatched).await);
    drop(folder);
}

#[tokio::test]
async fn nobody_does_twice_what_two_people_must_do() {
    let world = World::due(2).await;
    world.ok("ann", crate::world::schedule("w3", DAY, &["entry"])).await;
    let approve = || crate::world::in_wave("w3", WaveCommand::Approve { plan: None });
    world.ok("ann", approve()).await;
    assert!(world.refused("ann", approve()).await.contains("another operator must"));
    world.clock.set(t(END - DAY));
    let short = world.release("w3").await.unwrap_err().to_string();
    assert!(short.contains("1 of 2 approvals"), "{short}");
    world.ok("ann", embargo(EmbargoCommand::Propose { ends: t(END + DAY) })).await;
    assert!(
        world
            .refused("ann", embargo(EmbargoCommand::Accept { ends: None }))
            .await
            .contains("another operator must")
    );
    assert!(world.refused("mallory", approve()).await.contains("not an operator"));
}

#[tokio::test]
async fn what_is_refused_leaves_no_blob() {
    let world = World::due(3).await;
    let blobs = world.blobs().await;
    let upload = || {
        let mut package = crate::world::package();
        package[0].text.push_str("One more line.\n");
        package
    };
    let mallory = world.engine.add_items(&user("mallory"), &case("c"), upload()).await;
    assert!(mallory.unwrap_err().to_string().contains("not an operator"));
    let mut broken = upload();
    broken[0].text.push_str("{~open");
    let says = world.engine.add_items(&user("ann"), &case("c"), broken).await.unwrap_err().to_string();
    assert!(says.contains("advisory.md:") && says.contains("nothing was done"), "{says}");
    world.release("w1").await.unwrap();
    let replaced = world.engine.add_items(&user("ann"), &case("c"), upload()).await.unwrap_err().to_string();
    assert!(replaced.contains("released to a member already"), "{replaced}");
    let seen = after(world.clock.now(), 1);
    let kind = program::sighting::SightingKind::Leak;
    let found = vec![engine::exhibit::Found { name: String::from("a.txt"), bytes: b"a".to_vec() }];
    let future = world.engine.add_sighting(&user("ines"), &case("c"), kind, seen, String::new(), found).await;
    assert!(future.unwrap_err().to_string().contains("after now"));
    assert_eq!(world.blobs().await, blobs);
}

#[tokio::test]
async fn adding_the_same_files_again_changes_nothing() {
    let world = World::due(4).await;
    let (entries, blobs) = (world.entries().await, world.blobs().await);
    let again = world.engine.add_items(&user("ann"), &case("c"), crate::world::package()).await.unwrap();
    assert!(again.is_empty());
    assert_eq!((world.entries().await, world.blobs().await), (entries, blobs));
    let program = world.engine.program().await;
    assert_eq!(program.case(&case("c")).unwrap().wave(&wave("w1")).unwrap().approvals.len(), 2);
}

#[tokio::test]
async fn a_leak_of_something_else_names_nobody() {
    let world = World::due(5).await;
    world.release("w1").await.unwrap();
    world.leak("other.txt", "The schedule importer trusts a file name. Valves opened at noon.\n").await;
    world.leak("empty.bin", "").await;
    for sighting in [SightingId(1), SightingId(2)] {
        let report = world.engine.trace(&user("ines"), sighting).await.unwrap();
        assert_eq!(report.verdict, Verdict::NotDerived);
        assert!(report.accused.is_empty());
    }
}

#[tokio::test]
async fn a_sighting_before_any_copy_cannot_be_traced() {
    let world = World::due(6).await;
    world.leak("paste.txt", "anything").await;
    let says = world.engine.trace(&user("ines"), SightingId(1)).await.unwrap_err().to_string();
    assert!(says.contains("no member held a copy"), "{says}");
    let close = Command::Case(case("c"), CaseCommand::Close);
    assert!(world.refused("ann", close).await.contains("embargo"));
}
