//! Sessions and ceremonies: what ends them, and that any replica knows of them.

use engine::{
    Clock, Engine, Entropy,
    passkey::Invited,
    session::{CEREMONY, Ceremony, Lifetime, STEPPED, SessionText},
};
use jiff::SignedDuration;
use policy::Standing;
use program::{
    Command,
    id::{PasskeyId, UserId},
    member::MemberCommand,
    passkey::{PasskeyCommand, Registering, User},
};
use testbed::{DAY, World, about, member, on_server, postgres::database, suspend, t, user};

const LIFE: Lifetime =
    Lifetime { whole: SignedDuration::from_hours(12), idle: SignedDuration::from_hours(1) };

fn jo() -> User {
    User::AtMember { member: member("acme"), name: String::from("Jo") }
}

/// Registers a passkey by a link that the console made.
async fn passkey(world: &World, user: &User, credential: &str) -> PasskeyId {
    let by = match user {
        User::Operator(_) => UserId::console(),
        User::AtMember { .. } => testbed::user("ann"),
    };
    let until = world.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    let Invited::Made(_, code) = world.engine.invite_user(&by, user.clone(), until).await.unwrap() else {
        panic!("it waits");
    };
    let registering = Registering {
        sha256: code.sha256(),
        credential: credential.to_owned(),
        public: serde_json::Value::Null,
        label: String::from("key"),
    };
    world.engine.register_passkey(user, registering).await.unwrap()
}

async fn open(engine: &Engine, user: &User, passkey: Option<PasskeyId>) -> SessionText {
    engine.open_session(user, passkey, LIFE).await.unwrap().unwrap()
}

async fn good(engine: &Engine, text: &SessionText) -> bool {
    engine.session(text, LIFE).await.unwrap().is_some()
}

#[tokio::test]
async fn what_ends_a_session() {
    let world = World::peopled(31).await;
    let engine = &world.engine;
    let (first, second) = (passkey(&world, &jo(), "one").await, passkey(&world, &jo(), "two").await);
    let bob = User::Operator(user("bob"));
    let of_bob = passkey(&world, &bob, "bob").await;
    assert!(!good(engine, &SessionText::of(&[1; 32])).await, "nobody's");

    // Its passkey is revoked, and only that.
    let (a, b) = (open(engine, &jo(), Some(first)).await, open(engine, &jo(), Some(second)).await);
    assert!(good(engine, &a).await && good(engine, &b).await);
    let revoke = PasskeyCommand::Revoke { passkey: first, reason: String::from("lost"), by: None };
    world.ok("ann", Command::Passkey(revoke)).await;
    assert!(!good(engine, &a).await && good(engine, &b).await);
    // Nobody has another's passkey, nor one that is not there.
    for passkey in [of_bob, first, PasskeyId(99)] {
        assert!(!good(engine, &open(engine, &jo(), Some(passkey)).await).await, "{passkey}");
    }
    // Whoever is no operator has no session, however it was opened.
    assert!(!good(engine, &open(engine, &User::Operator(user("zoe")), None).await).await);

    // A suspension ends it for good: coming back means signing in again.
    world.clock.set(t(60));
    world.ok("ann", suspend("acme")).await;
    assert!(!good(engine, &b).await);
    world.clock.set(t(120));
    for who in ["ann", "bob"] {
        let back = MemberCommand::Move { to: Standing::Active, reason: String::from("cleared") };
        world.ok(who, about("acme", back)).await;
    }
    assert!(!good(engine, &b).await, "not again");
    let b = open(engine, &jo(), Some(second)).await;
    assert!(good(engine, &b).await);

    // It ends by itself: idle for too long, or open for too long.
    world.clock.set(t(120 + 3600));
    assert!(!good(engine, &b).await, "idle");
    let b = open(engine, &jo(), Some(second)).await;
    for _ in 0..12 {
        assert!(good(engine, &b).await);
        let later = world.clock.now().checked_add(SignedDuration::from_mins(59)).unwrap();
        world.clock.set(later);
    }
    assert!(good(engine, &b).await);
    world.clock.set(t(120 + 3600 + 12 * 3600));
    assert!(!good(engine, &b).await, "over");

    // It is ended by its holder, and so are all others.
    let [a, b, c] = [None, Some(of_bob), None].map(|it| open(engine, &bob, it));
    let (a, b, c) = (a.await, b.await, c.await);
    let other = open(engine, &jo(), Some(second)).await;
    let session = engine.session(&a, LIFE).await.unwrap().unwrap();
    assert_eq!(engine.sessions_of(&bob, LIFE).await.unwrap().len(), 3);
    assert_eq!(engine.end_other_sessions(&session).await.unwrap(), 2);
    assert!(good(engine, &a).await && !good(engine, &b).await && !good(engine, &c).await);
    engine.end_session(&session).await.unwrap();
    assert!(!good(engine, &a).await && good(engine, &other).await);
}

#[tokio::test]
async fn a_step_up_lasts_for_minutes_and_a_ceremony_too_and_once() {
    let world = World::founded(32).await;
    let engine = &world.engine;
    let bob = User::Operator(user("bob"));
    let by = passkey(&world, &bob, "bob").await;
    let stepped = async |text: &SessionText| {
        engine.session(text, LIFE).await.unwrap().unwrap().stepped_up(world.clock.now())
    };
    let (with, without) = (open(engine, &bob, Some(by)).await, open(engine, &bob, None).await);
    assert!(stepped(&with).await && !stepped(&without).await);
    world.clock.set(t(0).checked_add(STEPPED).unwrap());
    assert!(!stepped(&with).await);
    engine.step_up(&engine.session(&with, LIFE).await.unwrap().unwrap()).await.unwrap();
    assert!(stepped(&with).await && !stepped(&without).await);

    let begin = async || engine.begin_ceremony(Ceremony::SignIn, "about", "{}").await.unwrap().unwrap();
    let take = async |text: &str| engine.take_ceremony(Ceremony::SignIn, text).await.unwrap();
    let text = begin().await;
    assert_eq!(engine.take_ceremony(Ceremony::StepUp, text.reveal()).await.unwrap(), None, "another one");
    assert_eq!(take("forewarn_ceremony_x").await, None);
    assert_eq!(take(text.reveal()).await, Some((String::from("about"), String::from("{}"))));
    assert_eq!(take(text.reveal()).await, None, "once");
    let text = begin().await;
    world.clock.set(world.clock.now().checked_add(CEREMONY).unwrap());
    assert_eq!(take(text.reveal()).await, None, "late");
}

#[tokio::test]
async fn another_replica_knows_sessions_and_of_two_answers_one_counts() {
    let Some(database) = database() else { return };
    let world = World::founded_in(33, &on_server(&database.url)).await;
    let clock = Clock::simulated(t(DAY));
    world.clock.set(t(DAY));
    let other = Engine::open(&world.root(), clock, Entropy::seeded(34)).await.unwrap();
    let bob = User::Operator(user("bob"));
    let text = open(&world.engine, &bob, None).await;
    assert!(good(&other, &text).await);
    let begun = other.begin_ceremony(Ceremony::SignIn, "", "state").await.unwrap().unwrap();
    let (one, two) = tokio::join!(
        world.engine.take_ceremony(Ceremony::SignIn, begun.reveal()),
        other.take_ceremony(Ceremony::SignIn, begun.reveal()),
    );
    assert_eq!(usize::from(one.unwrap().is_some()) + usize::from(two.unwrap().is_some()), 1);
    let session = other.session(&text, LIFE).await.unwrap().unwrap();
    other.end_session(&session).await.unwrap();
    assert!(!good(&world.engine, &text).await);
    other.close().await;
}
