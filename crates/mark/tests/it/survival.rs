//! How many sites are read right and wrong, by style of package and class of leak: floors that hold.

use mark::read::Reader;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::corpus::{STYLES, Style, package};
use crate::leaks::{excerpt, joined, noisy, pasted, plain, reflowed, shuffled};
use crate::package::{codebook, copy, members};
use crate::reformat::reformatted;
use crate::trace::score;

const SEEDS: std::ops::Range<u8> = 1..5;

/// What happens to a copy, and the share of it that is left.
type Leak = (&'static str, f64, fn(Style, &str, &mut StdRng) -> String);

const LEAKS: [Leak; 8] = [
    ("verbatim", 1.0, |_, text, _| text.to_owned()),
    ("paste", 1.0, |_, text, _| plain(text)),
    ("excerpt", 0.35, |_, text, rng| excerpt(text, 0.35, rng)),
    ("short", 0.08, |_, text, rng| excerpt(text, 0.08, rng)),
    ("shuffle", 1.0, |_, text, rng| shuffled(text, rng)),
    ("reflow", 1.0, |_, text, _| reflowed(text, 50)),
    ("noise", 1.0, |_, text, rng| noisy(text, 0.02, rng)),
    ("reformat", 1.0, |style, text, _| reformatted(style, text)),
];

#[test]
fn sites_are_read_in_every_style_and_leak() {
    let members = members();
    println!("{:10} {}", "", LEAKS.map(|leak| format!("{:>13}", leak.0)).concat());
    for style in STYLES {
        let mut row = String::new();
        for (at, (_, share, leak)) in LEAKS.iter().enumerate() {
            let (mut right, mut wrong, mut all) = (0, 0, 0);
            for seed in SEEDS {
                let master = package(style, u64::from(seed));
                let reader = Reader::new(&master);
                let codebook = codebook(&master, seed);
                for guilty in members.iter().skip(usize::from(seed)).step_by(40) {
                    let mut rng = StdRng::seed_from_u64(u64::from(seed) * 100 + at as u64);
                    let text = leak(style, &joined(&copy(&master, &codebook, guilty)), &mut rng);
                    let (r, w, a) = score(&master, &codebook, guilty, &reader.read(&pasted(text)));
                    (right, wrong, all) = (right + r, wrong + w, all + a);
                }
            }
            let percent = |count: usize| 100.0 * count as f64 / all as f64 / share;
            row += &format!("  {:5.1}/{:<5.1}", percent(right), percent(wrong));
        }
        println!("{:10} {row}", format!("{style:?}"));
    }
}

/// A text of the same genre, even of the same template, is not the package.
#[test]
fn other_packages_of_the_style_are_not_derived() {
    for style in STYLES {
        let mut derived = 0;
        for seed in 1..9 {
            let master = package(style, seed);
            let reader = Reader::new(&master);
            for other in (1..9).filter(|other| other % 2 != seed % 2) {
                let other = package(style, other + 1000);
                let codebook = codebook(&other, 1);
                let text = joined(&copy(&other, &codebook, "member-001"));
                for share in [1.0, 0.3, 0.1, 0.03] {
                    let mut rng = StdRng::seed_from_u64(seed);
                    let reading = reader.read(&pasted(excerpt(&text, share, &mut rng)));
                    derived += usize::from(reading.derived);
                    let seen =
                        reading.sites.iter().filter(|site| site.seen != mark::reading::Seen::Erased).count();
                    if reading.derived {
                        println!("{style:?} {share} {} {seen}", reading.aligned);
                    }
                }
            }
        }
        println!("{style:?}: {derived} of {}", 8 * 4 * 4);
    }
}
