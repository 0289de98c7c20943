use super::*;
use crate::syntax::SourceFile;

fn master(files: &[(&str, &str)]) -> Master {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| SourceFile { path: (*path).into(), text: (*text).into() }).collect();
    Master::parse(&files).unwrap()
}

fn settings(members: usize) -> Settings {
    let claim = Claim { members, colluders: 1, epsilon: 1e-6, erased: 0.0 };
    Settings { claim, trials: 30, seed: 1 }
}

fn measure(master: &Master, settings: Settings) -> Strength {
    Meter::new(master, settings).unwrap().measure(&mut |_| {}).unwrap()
}

fn cell<'a>(strength: &'a Strength, file: Option<&str>, class: LeakClass) -> Option<&'a Cell> {
    let row = strength.rows.iter().find(|row| row.file.as_deref() == file).unwrap();
    let at = strength.leaks.iter().position(|leak| *leak == class).unwrap();
    row.cells[at].as_ref()
}

/// Two files: one with a value, one with six alternatives.
fn small() -> Master {
    master(&[
        ("poc.py", "TRACE = \"00c0ffee0000\"  #~ =tr\nprint(TRACE)\n"),
        (
            "guide.md",
            "The id {~tr=rand:hex12~} is sent. {~One|A~} server {~answers|replies~} and {~then|next~} the \
             client {~closes|ends~} the {~session|connection~} without {~delay|waiting~}.\n",
        ),
        ("plain.md", "Nothing here is marked and nothing can be said about who passed this on.\n"),
    ])
}

#[test]
fn an_impossible_claim_is_refused() {
    let master = small();
    assert!(Meter::new(&master, settings(0)).is_err());
}

#[test]
fn a_file_without_marks_names_nobody_and_a_value_names_its_member() {
    let master = small();
    let strength = measure(&master, settings(100));
    assert_eq!(strength.innocents_accused, 0);
    assert!(strength.traces > 0);
    let share = |file, class| cell(&strength, file, class).unwrap().share;
    assert_eq!(share(Some("plain.md"), LeakClass::Verbatim), 0.0);
    for class in [LeakClass::Verbatim, LeakClass::Paste, LeakClass::Traffic] {
        assert_eq!(share(Some("poc.py"), class), 1.0, "{class:?}");
        assert_eq!(share(None, class), 1.0, "{class:?}");
    }
    assert_eq!(share(None, LeakClass::Reproduction), 1.0);
    assert_eq!(cell(&strength, None, LeakClass::Rule), None);
    assert_eq!(cell(&strength, Some("guide.md"), LeakClass::Traffic), None);
    // Members who take the value out leave six sites, which is not enough for anybody.
    assert_eq!(share(None, LeakClass::Mix(2)), 1.0);
    assert_eq!(share(None, LeakClass::CutMix(2)), 0.0);
}

#[test]
fn advice_names_the_file_and_what_to_add() {
    let strength = measure(&small(), settings(100));
    let first = strength.advice.first().unwrap();
    assert_eq!(first.file.as_deref(), Some("plain.md"));
    assert_eq!(
        first.says,
        "`plain.md` cannot be attributed alone: 0 bits of 29; use the package's `{~tr~}` in it, add one `{~name=rand:hex12~}` constant, or add 29 binary sites"
    );
    assert_eq!(strength.advice.iter().filter(|advice| advice.file.is_some()).count(), 1);
}

#[test]
fn a_seed_repeats_and_steps_add_up() {
    let master = small();
    let meter = Meter::new(&master, settings(20)).unwrap();
    let mut steps = 0;
    let first = meter.measure(&mut |done| steps += done).unwrap();
    assert_eq!(steps, meter.steps());
    assert_eq!(first, meter.measure(&mut |_| {}).unwrap());
    let other = measure(&master, Settings { seed: 2, ..settings(20) });
    assert_eq!(first.rows.len(), other.rows.len());
}

#[test]
fn a_sample_of_many_members_has_the_thresholds_of_all() {
    let all = crate::accuse::bound::ln_e_threshold(1_000_000, 1e-6);
    let sampled = crate::accuse::bound::ln_e_threshold(SAMPLE, 1e-6 * SAMPLE as f64 / 1e6);
    assert!((all - sampled).abs() < 1e-9);
    // A thousand million members need 52 bits, more than one value may count for.
    let many = measure(&small(), settings(1_000_000_000));
    let few = measure(&small(), settings(1_000));
    let verbatim = |strength| cell(strength, Some("poc.py"), LeakClass::Verbatim).unwrap().share;
    assert_eq!((verbatim(&few), verbatim(&many)), (1.0, 0.0));
}
