use std::str::FromStr;

use super::*;

const SET: &str = include_str!("../../../policy/policies/default.cedar");
const EVERYBODY: &str = "forbid (principal, action, resource)";

/// Settles one claim about a set.
async fn outcome(text: &str, claim: &str) -> Outcome {
    let set = PolicySet::parse("mutant", text).unwrap();
    let (schema, world, wishes) =
        (PolicySet::schema().unwrap(), Fences::world().unwrap(), Fences::wishes().unwrap());
    let prover = Prover::new(set.cedar(), &schema, &world, &wishes).unwrap();
    let claims = Claim::on_members(set.cedar(), Kept::Default).unwrap();
    let question = claims.into_iter().find(|known| known.id == claim).unwrap().question;
    match prover.settle(&question).await.unwrap() {
        Answer::Holds => Outcome::Proved,
        Answer::Unknown(says) => Outcome::Unknown { says },
        Answer::Broken(found) => refuted(&set, &question, &found),
    }
}

/// The scenario of a refuted claim, which must be released by the mutant and not by the set itself.
async fn counterexample(mutant: &str, claim: &str) -> String {
    let Outcome::Refuted { scenario: Some(text), says } = outcome(mutant, claim).await else {
        panic!("`{claim}` is not refuted of {mutant}");
    };
    assert!(says.starts_with("released since"), "{says}");
    let scenario = Scenario::parse(&text).unwrap();
    let released = |set: &PolicySet| {
        let rows = scenario.run(set);
        assert_eq!(rows.len(), 1);
        matches!(rows[0].effect, Prospect::Release { at } if at <= scenario.now())
    };
    assert!(released(&PolicySet::parse("mutant", mutant).unwrap()), "{text}");
    assert!(!released(&PolicySet::default_set().unwrap()), "{text}");
    text
}

fn block(id: &str) -> &'static str {
    SET.split("\n\n").find(|block| block.contains(&format!("@id(\"{id}\")"))).unwrap()
}

fn without(id: &str) -> String {
    SET.replace(block(id), "")
}

/// The set with one forbid that bars the copy and not the listing.
fn narrowed(id: &str) -> String {
    let narrow = block(id).replace(EVERYBODY, "forbid (principal, action == Action::\"fetch\", resource)");
    assert_ne!(narrow, block(id));
    SET.replace(block(id), &narrow)
}

/// Each forbid with the theorem that falls with it.
const FALLS: [(&str, &str); 7] = [
    ("standing-not-admitted", "standing-not-admitted"),
    ("standing-restricted", "standing-restricted"),
    ("agreement-ended", "agreement-in-force"),
    ("key-not-confirmed", "key-confirmed"),
    ("disclosure-duty", "disclosure-duty"),
    ("disclosure-duty-unconfirmed", "disclosure-duty-unconfirmed"),
    ("disclosure-duty-expired", "disclosure-duty-expired"),
];

#[tokio::test]
async fn without_a_forbid_its_theorem_falls() {
    for (id, claim) in FALLS {
        let text = counterexample(&without(id), claim).await;
        assert!(!text.contains("action"), "a copy comes before a listing: {text}");
    }
}

#[tokio::test]
async fn with_a_narrower_forbid_its_theorem_falls() {
    let (schema, world, wishes) =
        (PolicySet::schema().unwrap(), Fences::world().unwrap(), Fences::wishes().unwrap());
    for (id, claim) in FALLS {
        let set = PolicySet::parse("mutant", &narrowed(id)).unwrap();
        let prover = Prover::new(set.cedar(), &schema, &world, &wishes).unwrap();
        let claims = Claim::on_members(set.cedar(), Kept::Default).unwrap();
        let question = claims.into_iter().find(|known| known.id == claim).unwrap().question;
        assert_eq!(broken(&prover, &question).await, ["Action::\"list\""], "{id}");
    }
    let (id, claim) = FALLS[0];
    assert!(counterexample(&narrowed(id), claim).await.contains("action = \"list\""));
}

/// The actions of which a claim does not hold; asking only whether is far cheaper than asking for an example.
async fn broken(prover: &Prover<'_>, question: &Question) -> Vec<String> {
    let mut actions = Vec::new();
    for kind in &prover.kinds {
        if !kind.holds(question).await.unwrap().unwrap() {
            actions.push(kind.action());
        }
    }
    actions
}

#[tokio::test]
async fn a_permit_that_forgets_is_caught() {
    let open = "@id(\"open\") @says(\"open\")\npermit (principal, action, resource)";
    for (claim, when) in [("lead-time", "resource has public"), ("tier-classes", "resource has public")] {
        counterexample(&format!("{SET}\n{open} when {{ {when} }};"), claim).await;
    }
    // Two bars stand in its way: the permits ask for the public instant, and a forbid does.
    assert_eq!(outcome(&without("embargo-end-unknown"), "embargo-end-known").await, Outcome::Proved);
    assert_eq!(outcome(&format!("{SET}\n{open};"), "embargo-end-known").await, Outcome::Proved);
    counterexample(&format!("{}\n{open};", without("embargo-end-unknown")), "embargo-end-known").await;
}

#[tokio::test]
async fn a_favoured_member_keeps_its_name() {
    let text = format!(
        "{SET}\n@id(\"friend\") @says(\"a friend\")\npermit (principal == Member::\"acme\", action, resource);"
    );
    assert!(counterexample(&text, "lead-time").await.contains("id = \"acme\""));
}

#[tokio::test]
async fn more_is_told_from_less() {
    let (schema, world, wishes) =
        (PolicySet::schema().unwrap(), Fences::world().unwrap(), Fences::wishes().unwrap());
    let base = PolicySet::default_set().unwrap();
    for (added, less) in [("forbid", true), ("permit", false)] {
        let text = format!(
            "{SET}\n@id(\"added\") @says(\"x\") {added} (principal, action, resource) when {{ resource has public }};"
        );
        let set = PolicySet::parse("added", &text).unwrap();
        let prover = Prover::new(set.cedar(), &schema, &world, &wishes).unwrap();
        let question = Claim::no_more(base.cedar()).question;
        assert_eq!(matches!(prover.settle(&question).await.unwrap(), Answer::Holds), less, "{added}");
    }
}

/// What a checked set refuses to load, the proof refuses too.
#[tokio::test]
async fn a_forbid_that_can_fail_is_caught() {
    let (schema, world, wishes) =
        (PolicySet::schema().unwrap(), Fences::world().unwrap(), Fences::wishes().unwrap());
    let text = |shift: &str| {
        format!(
            "forbid (principal, action, resource) when {{ context.now.offset(duration(\"{shift}\")) > context.now }};"
        )
    };
    for (shift, sound) in [("106751991167d", false), ("49000d", true)] {
        let set = cedar_policy::PolicySet::from_str(&text(shift)).unwrap();
        let policy = set.policies().next().unwrap().clone();
        let prover = Prover::new(&set, &schema, &world, &wishes).unwrap();
        let answer = prover.settle(&Question::NeverFails(Box::new(policy))).await.unwrap();
        assert_eq!(matches!(answer, Answer::Holds), sound, "{shift}");
    }
}

/// A theorem whose situation never arises, or fails, would hold of everything.
#[tokio::test]
async fn every_theorem_can_be_broken() {
    let open = "@id(\"open\") @says(\"open\")\npermit (principal, action, resource);";
    let (schema, world, wishes) =
        (PolicySet::schema().unwrap(), Fences::world().unwrap(), Fences::wishes().unwrap());
    let set = PolicySet::parse("open", open).unwrap();
    let prover = Prover::new(set.cedar(), &schema, &world, &wishes).unwrap();
    for Claim { id, question, .. } in Claim::on_members(set.cedar(), Kept::Default).unwrap() {
        let Question::Disjoint(situation) = &question else { continue };
        assert!(!broken(&prover, &question).await.is_empty(), "{id}");
        let policy = situation.policies().next().unwrap().clone();
        let fails = Question::NeverFails(Box::new(policy));
        assert!(matches!(prover.settle(&fails).await.unwrap(), Answer::Holds), "{id}");
    }
}

#[tokio::test]
async fn an_operator_needs_another() {
    let set = policy::OperatorSet::shipped().unwrap();
    let nothing = Fences::none();
    let id = "reproduction-second-approval";
    let mut mutant = set.cedar().clone();
    mutant.remove_static(cedar_policy::PolicyId::new(id)).unwrap();
    let prover = Prover::new(&mutant, set.schema(), &nothing, &nothing).unwrap();
    let claims = Claim::on_operators(&mutant).unwrap();
    let question = claims.into_iter().find(|claim| claim.id == id).unwrap().question;
    assert!(matches!(prover.settle(&question).await.unwrap(), Answer::Broken(_)));
}
