//! Copies made ready before their instant: nothing of them is anybody's until it is granted.

use engine::{intake::Upload, places::Wanted};
use policy::Class;
use program::item::Tlp;

use crate::world::{DAY, END, W1, World, after, case, harmless, item, member, suspend, t, user, wave};

#[tokio::test]
async fn what_is_made_ready_is_granted_at_the_instant_and_to_nobody_who_may_not_have_it_then() {
    let (ready, cold) = (World::due(7).await, World::due(7).await);
    for world in [&ready, &cold] {
        world.clock.set(t(W1 - 600));
    }
    let before = ready.entries().await;
    let made = ready.engine.make_ready(&case("c"), &wave("w1"), t(W1)).await.unwrap();
    assert!(made > 0);
    assert_eq!(ready.engine.make_ready(&case("c"), &wave("w1"), t(W1)).await.unwrap(), 0, "once is enough");
    // Nothing is written, nothing given.
    assert_eq!(ready.entries().await, before);
    assert!(ready.granted().await.is_empty());
    assert!(ready.engine.copies(&member("acme")).await.unwrap().sealed.is_empty());
    let early = ready.release("w1").await.unwrap_err().to_string();
    assert!(early.contains("due"), "{early}");

    for world in [&ready, &cold] {
        world.clock.set(t(W1));
        world.ok("ann", suspend("bolt")).await;
        world.release("w1").await.unwrap();
    }
    let granted = ready.granted().await;
    assert!(!granted.is_empty() && granted.iter().all(|pair| !pair.starts_with("bolt/")), "{granted:?}");
    assert_eq!(granted, cold.granted().await);
    assert_eq!(ready.opened("acme").await, cold.opened("acme").await);
    assert!(ready.verify().await.sound);
}

#[tokio::test]
async fn an_instant_between_two_milliseconds_is_made_ready_too() {
    let ends = after(t(END), 1);
    let world = World::ending_in(9, &Wanted::default(), ends).await;
    world.clock.set(t(W1 - 600));
    assert!(world.engine.make_ready(&case("c"), &wave("w1"), after(t(W1), 1)).await.unwrap() > 0);
}

#[tokio::test]
async fn a_package_that_changed_is_made_ready_again() {
    let world = World::due(8).await;
    world.clock.set(t(W1 - DAY));
    let made = world.engine.make_ready(&case("c"), &wave("w1"), t(W1)).await.unwrap();
    world.ok("ann", harmless("quiet")).await;
    assert_eq!(world.engine.make_ready(&case("c"), &wave("w1"), t(W1)).await.unwrap(), 0);
    let late = Upload {
        item: item("late.md"),
        class: Class::Notice,
        tlp: Tlp::AmberStrict,
        text: String::from("# Late\n\nThe relay {~waits|stands by~} for a reply.\n"),
    };
    world.engine.add_items(&user("ann"), &case("c"), vec![late]).await.unwrap();
    let again = world.engine.make_ready(&case("c"), &wave("w1"), t(W1)).await.unwrap();
    assert!(again >= made, "{again} after {made}");
}
