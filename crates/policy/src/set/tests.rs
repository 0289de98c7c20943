use std::ops::Add;

use super::*;

const PERMIT: &str = r#"@id("open") @says("it is open") permit (principal, action, resource)"#;

fn refused(text: &str) -> String {
    PolicySet::parse("own", text).unwrap_err().to_string()
}

/// A forbid whose condition is this expression.
fn with(condition: &str) -> String {
    refused(&format!(
        "@id(\"shut\")\n@says(\"it is shut\")\nforbid (principal, action, resource)\nwhen {{ {condition} }};"
    ))
}

#[test]
fn refuses_a_policy_without_id_or_sentence() {
    let text = format!("{PERMIT};\n\npermit (principal, action, resource);\n");
    insta::assert_snapshot!(refused(&text), @r#"policy set `own`, line 3: the policy has no usable `@id("…")`; give it lower-case letters, digits and hyphens"#);
    insta::assert_snapshot!(refused("@id(\"\") @says(\"x\")\npermit (principal, action, resource);"), @r#"policy set `own`, line 1: the policy has no usable `@id("…")`; give it lower-case letters, digits and hyphens"#);
    insta::assert_snapshot!(refused("@id(\"A b\") @says(\"x\")\npermit (principal, action, resource);"), @r#"policy set `own`, line 1: the policy has no usable `@id("…")`; give it lower-case letters, digits and hyphens"#);
    insta::assert_snapshot!(refused("\n@id(\"open\")\npermit (principal, action, resource);"), @r#"policy set `own`, line 2: policy `open` has no `@says("…")`; write its reason as a sentence"#);
    insta::assert_snapshot!(refused("@id(\"open\") @says(\" \")\npermit (principal, action, resource);"), @r#"policy set `own`, line 1: policy `open` has no `@says("…")`; write its reason as a sentence"#);
    insta::assert_snapshot!(refused("@id(\"open\") @says(\"`{membr}`\")\npermit (principal, action, resource);"), @"policy set `own`, line 1: the sentence of policy `open` has the gap `{membr}`; use one of {member}, {item}, {class}, {tier}, {lead}, {standing}, {key}, {public}");
}

#[test]
fn refuses_the_same_id_twice() {
    insta::assert_snapshot!(refused(&format!("{PERMIT};\n{PERMIT} when {{ resource has public }};")), @"policy set `own`, line 2: the id `open` is taken; give each policy its own");
}

#[test]
fn refuses_nothing_and_nonsense() {
    insta::assert_snapshot!(refused("// nothing\n"), @"policy set `own` holds no policy and would refuse everything; check that it is the right file");
    insta::assert_snapshot!(refused("@id(\"open\")\npermit (principal, action\nresource);"), @"policy set `own`, line 3: unexpected token `resource`");
    insta::assert_snapshot!(refused(&PERMIT.replace("principal", "principal == ?principal").add(";")), @"policy set `own` holds a template; write the entities instead of `?principal` or `?resource`");
}

#[test]
fn refuses_what_does_not_fit_the_schema() {
    insta::assert_snapshot!(with("principal.standng == Standing::\"active\""), @"policy set `own`, line 4: policy `shut` does not fit the schema: for policy `shut`, attribute `standng` on entity type `Member` not found; did you mean `standing`?");
    insta::assert_snapshot!(with("principal.standing == Standing::\"activ\""), @r#"policy set `own`, line 4: policy `shut` does not fit the schema: for policy `shut`: entity `Standing::"activ"` is of an enumerated entity type, but `"activ"` is not declared as a valid eid; valid entity eids: "applied", "vetting", "active", "restricted", "suspended", "removed", "declined""#);
    insta::assert_snapshot!(with("principal.standing == \"active\""), @"policy set `own`, line 4: policy `shut` does not fit the schema: the types String and Standing are not compatible; for policy `shut`, both operands to a `==` expression must have compatible types. Types must be exactly equal to be compatible");
    insta::assert_snapshot!(with("principal.duties has third_party_on_knowledge"), @"policy set `own`, line 1: policy `shut` does not fit the schema: for policy `shut`, policy is impossible: the policy expression evaluates to false for all valid requests");
    insta::assert_snapshot!(with("context.now >= resource.public"), @"policy set `own`, line 4: policy `shut` does not fit the schema: for policy `shut`, unable to guarantee safety of access to optional attribute `public` on entity type `Item`; try testing for the attribute's presence with `e has public && ..`");
    insta::assert_snapshot!(with("context.time >= datetime(\"2026-12-08\")"), @r#"policy set `own`, line 4: policy `shut` does not fit the schema: for policy `shut`, attribute `time` in context for Action::"fetch" not found; did you mean `now`?"#);
    insta::assert_snapshot!(with("action == Action::\"read\""), @"policy set `own`, line 1: policy `shut` does not fit the schema: for policy `shut`, policy is impossible: the policy expression evaluates to false for all valid requests");
}

#[test]
fn a_mistyped_attribute_cannot_hide_in_an_alternative() {
    insta::assert_snapshot!(with("principal.duty_unconfirmed || principal.duties has third_party_on_knowledge"), @"policy set `own`, line 1: policy `shut` does not fit the schema: there is no attribute `principal.duties.third_party_on_knowledge`; schema.cedarschema lists what there is");
    insta::assert_snapshot!(with("principal.duty_unconfirmed || principal has duties.incident_on_knowlege"), @"policy set `own`, line 1: policy `shut` does not fit the schema: there is no attribute `principal.duties.incident_on_knowlege`; schema.cedarschema lists what there is");
}

#[test]
fn refuses_times_the_outlook_could_not_follow() {
    insta::assert_snapshot!(with("context.now.toTime() < duration(\"8h\")"), @"policy set `own`, line 1: policy `shut` uses `toTime`; compare instants with `<` or `>=` and shift them with `offset`");
    insta::assert_snapshot!(with("context.now.offset(duration(\"1d\")).offset(duration(\"1h\")) < datetime(\"2026-12-08\")"), @"policy set `own`, line 1: policy `shut` compares two shifted instants; shift only one side, and only once");
    insta::assert_snapshot!(with("context.now.offset(duration(\"1d\")) == datetime(\"2026-12-08\")"), @"policy set `own`, line 1: policy `shut` uses `offset` outside a comparison; write `a.offset(b) <= c`");
    insta::assert_snapshot!(with("context.now < datetime(if principal.duty_unconfirmed then \"2026-12-08\" else \"2026-12-09\")"), @"policy set `own`, line 1: policy `shut` has a datetime that is not a plain text; write it out in the policy");
}

#[test]
fn refuses_what_could_fail_at_run_time() {
    insta::assert_snapshot!(with("context.now.offset(duration(\"106751991167d\")) > datetime(\"2026-12-08\")"), @"policy set `own`, line 1: policy `shut` has a duration longer than 136 years, by which a shift can fail");
    insta::assert_snapshot!(with("context.now.offset(duration(\"-4294967295s1ms\")) > datetime(\"2026-12-08\")"), @"policy set `own`, line 1: policy `shut` has a duration longer than 136 years, by which a shift can fail");
    insta::assert_snapshot!(with("principal.duty_unconfirmed && 9223372036854775807 + 1 > 0"), @"policy set `own`, line 1: policy `shut` computes with numbers, which can fail; write the result out");
    let longest = format!(
        "{PERMIT} when {{ context.now.offset(duration(\"-4294967295s\")) < datetime(\"2026-12-08\") }};"
    );
    assert!(PolicySet::parse("own", &longest).is_ok());
}

#[test]
fn the_version_is_the_hash_of_schema_and_text() {
    let (one, two) = (PolicySet::default_set().unwrap(), PolicySet::deadline_aware().unwrap());
    assert_eq!(one.version(), hex::encode(Sha256::digest([SCHEMA, DEFAULT].concat())));
    assert_ne!(one.version(), two.version());
    let again = PolicySet::parse("again", DEFAULT).unwrap();
    assert_eq!(again.version(), one.version());
}

#[test]
fn the_two_sets_differ_in_one_policy() {
    let read = |text: &str| {
        let set = cedar_policy::PolicySet::from_str(text).unwrap();
        let text =
            |policy: &Policy| (policy.annotation("id").unwrap().to_owned(), policy.to_cedar().unwrap());
        set.policies().map(text).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (one, two) = (read(DEFAULT), read(DEADLINE_AWARE));
    assert!(one.keys().eq(two.keys()));
    let differing: Vec<_> =
        one.iter().filter(|(id, text)| two[*id] != **text).map(|(id, _)| id.as_str()).collect();
    assert_eq!(differing, ["disclosure-duty"]);
}

#[test]
fn the_policies_are_named_in_the_order_of_the_text() {
    let set = PolicySet::default_set().unwrap();
    let ids: Vec<_> = set.policies().map(|(id, _)| id).collect();
    assert_eq!(
        ids,
        [
            "tier-lead-time",
            "after-public",
            "embargo-end-unknown",
            "standing-not-admitted",
            "standing-restricted",
            "classes-restricted",
            "agreement-ended",
            "key-not-confirmed",
            "disclosure-duty",
            "disclosure-duty-unconfirmed",
            "disclosure-duty-expired",
        ]
    );
}
