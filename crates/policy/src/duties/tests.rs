use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOW: &str = "2026-12-01T00:00:00Z";

fn fact(kind: FactKind, says: &str) -> Fact {
    let until = Some(at("2027-12-01T00:00:00Z"));
    Fact { kind, subject: None, trigger: None, deadline: None, says: Some(says.to_owned()), until }
}

/// What follows and what is open, each as its ids.
fn outcome(facts: &[Fact]) -> [String; 3] {
    let pack = Pack::shipped().unwrap();
    let facts: Vec<&Fact> = facts.iter().collect();
    let found = pack.derive(&facts, at(NOW));
    [Verdict::Follows, Verdict::AskCounsel, Verdict::Unknown].map(|verdict| {
        let of = found.iter().filter(|finding| finding.verdict == verdict);
        of.map(|finding| finding.duty.id.as_str()).collect::<Vec<_>>().join(" ")
    })
}

/// Everything asked, and nothing of it.
fn nothing() -> Vec<Fact> {
    let places = PLACES.iter().map(|kind| fact(*kind, "AT"));
    places
        .chain([FactKind::LegalRole, FactKind::GovernmentProgramme].map(|kind| fact(kind, "none")))
        .collect()
}

fn but(kind: FactKind, says: &str) -> Vec<Fact> {
    nothing().into_iter().filter(|known| known.kind != kind).chain([fact(kind, says)]).collect()
}

#[test]
fn the_shipped_pack_is_dated_and_every_entry_has_a_source() {
    let pack = Pack::shipped().unwrap();
    assert!(pack.notice.contains("Not legal advice"));
    assert_eq!(pack.duties().count(), 11);
    for duty in pack.duties() {
        assert!(duty.source.starts_with("https://") && duty.since <= pack.version, "{}", duty.id);
    }
    let subjects: BTreeSet<&str> = pack.duties().map(|duty| duty.subject.as_str()).collect();
    assert_eq!(
        subjects.into_iter().collect::<Vec<_>>(),
        ["incident", "own-product", "third-party-vulnerability"]
    );
    for codes in pack.codes.keys() {
        assert!(!PLACES.contains(codes));
    }
}

#[test]
fn a_pack_is_read_strictly() {
    let good = "[[duty]]\nid = \"a\"\nlaw = \"l\"\narticle = \"1\"\nsince = \"2026-01-01\"\nsource = \"https://a.example/\"\n\
                confidence = \"text\"\nsubject = \"incident\"\ntrigger = \"incident\"\ndeadline = \"6h\"\n\
                recipient = \"r\"\nwhen = [{ jurisdiction = [\"EU\", \"IN\"] }]\n";
    let head = "version = \"2026-11-20\"\nnotice = \"n\"\n[regions]\nEU = [\"AT\"]\n[codes.legal-role]\nmaker = \"m\"\n";
    let read = |from: &str, to: &str| Pack::parse(&format!("{head}{}", good.replace(from, to)));
    assert!(read("", "").is_ok());
    for (from, to, says) in [
        ("law = \"l\"", "law = \"l\"\nlaws = \"l\"", "unknown field"),
        ("law = \"l\"\n", "", "missing field `law`"),
        ("2026-01-01", "2026-13-01", "cannot be read"),
        ("2026-01-01", "soon", "cannot be read"),
        ("2026-01-01", "2026-11-21", "only after the day of the pack"),
        ("https://a.example/", "https://", "no source"),
        ("https://a.example/", "hearsay", "no source"),
        ("law = \"l\"", "law = \" \"", "lacks its name, law"),
        ("subject = \"incident\"", "subject = \"none\"", "asks for nothing"),
        ("6h", "0s", "leaves no time"),
        ("6h", "soon", "cannot be read"),
        ("[{ jurisdiction = [\"EU\", \"IN\"] }]", "[]", "does not say when"),
        ("[\"EU\", \"IN\"]", "[]", "does not say when"),
        ("{ jurisdiction = [\"EU\", \"IN\"] }", "{}", "does not say when"),
        ("\"IN\"", "\"India\"", "two capital letters"),
        ("jurisdiction = [\"EU\", \"IN\"]", "legal-role = [\"boss\"]", "write maker or none"),
        ("jurisdiction", "other", "for people"),
        ("jurisdiction", "place", "cannot be read"),
    ] {
        let said = read(from, to).unwrap_err().to_string();
        assert!(said.contains(says), "{from} -> {to}: {said}");
    }
    let twice = Pack::parse(&format!("{head}{good}{good}")).unwrap_err();
    assert!(twice.to_string().contains("there twice"));
}

#[test]
fn who_was_asked_everything_and_is_nothing_of_it_has_no_duty() {
    assert_eq!(outcome(&nothing()), ["", "", ""]);
}

#[test]
fn the_three_subjects_are_told_apart() {
    let [own, counsel, open] = outcome(&but(FactKind::LegalRole, "network-product-provider-cn"));
    assert_eq!([own, counsel, open], ["cn-rmsv-own-product", "", ""]);
    let makes = outcome(&but(FactKind::LegalRole, "manufacturer-eu-market, nis2-entity"));
    assert_eq!(makes, ["eu-cra-exploited eu-cra-incident eu-nis2-incident", "", ""]);
    assert_eq!(outcome(&but(FactKind::DataLocation, "AT, IN")), ["in-cert-in", "", ""]);
    // A country alone makes no duty about other people's vulnerabilities: it is a question for counsel.
    assert_eq!(outcome(&but(FactKind::StaffLocation, "AT, CN")), ["", "cn-intelligence-law", ""]);
    let unit = outcome(&but(FactKind::GovernmentProgramme, "cnnvd-technical-support-unit"));
    assert_eq!(unit, ["cn-cnnvd-support", "", ""]);
}

#[test]
fn not_knowing_is_never_no() {
    let [follows, counsel, open] = outcome(&[]);
    assert_eq!([follows.as_str(), counsel.as_str()], ["", ""]);
    assert_eq!(open.split(' ').count(), 11, "{open}");
    let india = |facts: &[Fact]| outcome(facts)[2].contains("in-cert-in");
    let told = |change: fn(&mut Fact)| {
        let mut facts = nothing();
        facts.iter_mut().filter(|fact| fact.kind == FactKind::DataLocation).for_each(change);
        facts
    };
    assert!(!india(&told(|_| ())));
    assert!(india(&told(|fact| fact.until = Some(at(NOW)))), "lapsed");
    assert!(india(&told(|fact| fact.until = None)), "never confirmed");
    assert!(india(&told(|fact| fact.says = Some(String::from("Austria")))), "no code");
    assert!(india(&told(|fact| fact.says = Some(String::from("AT, at")))), "one of them no code");
    assert!(india(&told(|fact| fact.says = Some(String::from("none, AT")))), "yes and no at once");
    assert!(india(&told(|fact| fact.says = None)), "says nothing");
    let both: Vec<Fact> = nothing().into_iter().chain([fact(FactKind::DataLocation, "DE")]).collect();
    assert!(india(&both), "two facts disagree");
    // What is known stays known beside what is not.
    assert_eq!(outcome(&[fact(FactKind::Jurisdiction, "IN")])[0], "in-cert-in");
}

#[test]
fn a_duty_begins_on_its_day() {
    let pack = Pack::shipped().unwrap();
    let makes = fact(FactKind::LegalRole, "manufacturer-eu-market");
    let verdict = |now: &str| {
        let found = pack.derive(&[&makes], at(now));
        found.iter().find(|finding| finding.duty.id == "eu-cra-exploited").unwrap().verdict
    };
    assert_eq!(verdict("2026-09-10T23:59:59Z"), Verdict::No);
    assert_eq!(verdict("2026-09-11T00:00:00Z"), Verdict::Follows);
}

#[test]
fn what_a_fact_lists_is_checked() {
    let pack = Pack::shipped().unwrap();
    let says = |kind, values: &[&str]| {
        pack.says(kind, &values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(says(FactKind::Jurisdiction, &["AT", "DE"]).unwrap(), "AT, DE");
    assert_eq!(says(FactKind::LegalRole, &["none"]).unwrap(), "none");
    for (kind, values) in [
        (FactKind::Jurisdiction, &["EU"][..]),
        (FactKind::Jurisdiction, &["at"]),
        (FactKind::LegalRole, &["manufactrer"]),
        (FactKind::LegalRole, &["none", "nis2-entity"]),
        (FactKind::Other, &["AT"]),
    ] {
        // A region is for entries: "somewhere in the EU" is no place where anybody sits.
        assert!(says(kind, values).is_err(), "{kind} {values:?}");
    }
}

#[test]
fn the_fact_of_a_duty_says_where_it_comes_from() {
    let pack = Pack::shipped().unwrap();
    let duty = pack.duties().find(|duty| duty.id == "cn-rmsv-own-product").unwrap();
    let fact = duty.fact(None);
    assert_eq!((fact.kind, fact.subject), (FactKind::DisclosureDuty, Some(DutySubject::OwnProduct)));
    assert_eq!((fact.trigger, fact.deadline), (Some(Trigger::Knowledge), Some(Lead::from_seconds(172_800))));
    assert!(fact.until.is_none(), "never confirmed until a person does");
    assert!(fact.says.unwrap().contains("RMSV), article 7; to the Ministry"));
}
