use std::collections::HashSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;
use crate::render::{placeholder, render};
use crate::syntax::SourceFile;

const SAMPLE: &str = "{~a|b~} {~one|two|three~} {~h=rand:word10~} {~t=rand:hex8~} {~n=rand:num10~} {~shuffle-amp a=1&b=2&c=3~}";

fn master(text: &str) -> Master {
    Master::parse(&[SourceFile { path: "a.txt".into(), text: text.into() }]).unwrap()
}

fn book(secret: u8, text: &str) -> Codebook {
    Codebook::new(&ReleaseSecret::new([secret; 32]), &master(text))
}

fn by_id(book: &Codebook, member: &str) -> Vec<(SiteId, Symbol)> {
    book.row_opening(member).symbols
}

#[test]
fn no_site_no_symbol() {
    assert_eq!(book(1, SAMPLE).symbol("acme", SiteIx(99)), None);
    assert!(book(1, SAMPLE).value_space(SiteIx(0)).is_none());
}

#[test]
fn other_secrets_members_and_sites_give_other_rows() {
    let book_1 = book(1, SAMPLE);
    assert_ne!(book_1.codeword("acme"), book(2, SAMPLE).codeword("acme"));
    assert_ne!(book_1.codeword("acme"), book_1.codeword("acme "));
    let two = book(1, "{~x=rand:hex16~}{~y=rand:hex16~}").codeword("acme");
    assert_ne!(two.symbols()[0], two.symbols()[1]);
    // Length prefixes keep (member, site) pairs apart.
    let (left, right) = (book(1, "{~bc=rand:hex16~}"), book(1, "{~c=rand:hex16~}"));
    assert_ne!(left.codeword("a").symbols(), right.codeword("ab").symbols());
}

#[test]
fn symbols_do_not_depend_on_other_sites_or_the_order_of_asking() {
    let before = by_id(&book(1, SAMPLE), "acme");
    let edited = format!("New text. {{~new=rand:hex12~}} {{~p|q~}} {SAMPLE}");
    let after = by_id(&book(1, &edited), "acme");
    assert_eq!(before.len(), 6);
    assert!(before.iter().all(|symbol| after.contains(symbol)));
    let book = book(1, SAMPLE);
    let backwards: Vec<_> = (0..6).rev().map(|site| book.symbol("acme", SiteIx(site)).unwrap()).collect();
    assert!(backwards.iter().rev().eq(book.codeword("acme").symbols()));
}

#[test]
fn a_known_row_stays_as_it_is() {
    // Computed apart from this code, from the description; changes only with the derivation in the module's documentation, and then needs a new version.
    let symbols =
        book(7, "{~a=x|y|z~} {~t=rand:hex12~} {~h=rand:word10~}").codeword("acme").symbols().to_vec();
    assert_eq!(format!("{symbols:?}"), r#"[Index(0), Value("0e90efb308c0"), Value("madihibulu")]"#);
}

/// Chi-square statistic of counts that should be equal.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|&count| (f64::from(count) - expected).powi(2) / expected).sum()
}

#[test]
fn symbols_are_uniform_over_members() {
    let book = book(3, SAMPLE);
    let mut counts = [vec![0; 2], vec![0; 3], vec![], vec![], vec![], vec![0; 6]];
    let mut letters = vec![0; 18];
    let mut first_bits = [0_u32; 4];
    for member in 0..6000 {
        let word = book.codeword(&format!("member {member}"));
        let mut bits = 0;
        for (site, symbol) in word.symbols().iter().enumerate() {
            match symbol {
                Symbol::Index(index) => {
                    counts[site][*index as usize] += 1;
                    if site < 2 {
                        bits = bits * 2 + (*index & 1) as usize;
                    }
                }
                Symbol::Value(value) if site == 2 => {
                    let consonant = value.bytes().next().unwrap();
                    letters[crate::render::CONSONANTS.iter().position(|&c| c == consonant).unwrap()] += 1;
                }
                Symbol::Value(_) => {}
            }
        }
        first_bits[bits] += 1;
    }
    // 99.9 % points of chi-square with 1, 2, 5 and 17 degrees of freedom.
    for (statistic, point) in [
        (chi_square(&counts[0]), 10.83),
        (chi_square(&counts[1]), 13.82),
        (chi_square(&counts[5]), 20.52),
        (chi_square(&letters), 40.79),
    ] {
        assert!(statistic < point, "{statistic} {point}");
    }
    // The two choices are independent: the odd branch of three comes with either branch of two alike.
    let odd = chi_square(&[first_bits[1], first_bits[3]]);
    assert!(odd < 10.83, "{odd}");
}

#[test]
fn numbers_below_are_unbiased_at_the_edges() {
    let keys = Keys::derive(&[9; 32]);
    let mut stream = Stream::symbol(&keys, "m", "s");
    assert!((0..1000).all(|_| stream.below(1) == 0));
    assert!((0..1000).all(|_| stream.below(u64::MAX) < u64::MAX));
    // Two thirds of 2^64: without rejection the lower half would come up twice as often as the upper.
    let n = u64::MAX / 3 * 2;
    let low = (0..4000).filter(|_| stream.below(n) < n / 2).count();
    assert!((1850..2150).contains(&low), "{low}");
}

#[test]
fn guessable_values_and_the_packages_own_are_excluded() {
    let master =
        master("Trace DEADBEEF0badcafe, id 7412589630. {~x=rand:hex8~}{~n=rand:num10~}{~w=rand:word10~}");
    let hex = ValueSpace::new(&master, Generator::Hex(8));
    for value in [
        "deadbeef", "adbeef0b", "41414141", "12345678", "00000000", "12345e67", "01234567", "89abcdef",
        "aabb00aa",
    ] {
        assert!(!hex.holds(value), "{value}");
    }
    assert!(hex.holds("3fa9c1d7") && !hex.holds("3FA9C1D7") && !hex.holds("3fa9c1d"));
    let num = ValueSpace::new(&master, Generator::Num(10));
    for value in ["7412589630", "1763000000", "2112345678", "5550100000", "8123499999", "9876543210"] {
        assert!(!num.holds(value), "{value}");
    }
    assert!(num.holds("5839201746"));
    let word = ValueSpace::new(&master, Generator::Word(10));
    assert!(!word.holds("babababa") && !word.holds("bababababa") && word.holds("rolivekaso"));
}

#[test]
fn placeholders_are_never_drawn() {
    let master = master("");
    for n in 2..=64 {
        for generator in [Generator::Word(n), Generator::Hex(n), Generator::Num(n)] {
            assert!(!ValueSpace::new(&master, generator).holds(&placeholder(generator)));
        }
    }
}

#[test]
fn the_size_is_a_lower_bound() {
    let master = master("12345 0a1b 98765 zuka beto");
    let all = |generator: Generator, alphabets: &[&[u8]]| {
        let mut values = vec![String::new()];
        for alphabet in alphabets {
            values = values
                .iter()
                .flat_map(|value| alphabet.iter().map(move |&byte| format!("{value}{}", char::from(byte))))
                .collect();
        }
        let space = ValueSpace::new(&master, generator);
        let held = values.iter().filter(|value| space.holds(value)).count() as f64;
        (space.at_least(), held)
    };
    let (hex, digits, c, v) =
        (crate::render::HEX, b"0123456789".as_slice(), crate::render::CONSONANTS, crate::render::VOWELS);
    for (at_least, held) in [
        all(Generator::Hex(5), &[hex; 5]),
        all(Generator::Num(6), &[b"123456789", digits, digits, digits, digits, digits]),
        all(Generator::Word(6), &[c, v, c, v, c, v]),
    ] {
        assert!(at_least <= held, "{at_least} {held}");
    }
    for (generator, bits) in [
        (Generator::Hex(8), 31.8),
        (Generator::Hex(12), 47.9),
        (Generator::Word(12), 38.9),
        (Generator::Num(10), 32.8),
        (Generator::Num(24), 79.5),
    ] {
        let space = ValueSpace::new(&master, generator);
        assert!(
            space.bits() > bits && space.bits() <= nominal_bits(generator),
            "{generator:?} {}",
            space.bits()
        );
    }
}

#[test]
fn commitments_open_for_members_only() {
    let book = book(1, SAMPLE);
    let commitment = book.commitment(&["acme", "bolt", "core"]);
    assert_eq!(commitment, book.commitment(&["core", "acme", "bolt"]));
    let opening = book.row_opening("bolt");
    assert!(commitment.holds(&opening));
    assert!(!commitment.holds(&book.row_opening("dent")));
    let mut forged = opening.clone();
    forged.symbols[1].1 = Symbol::Index(7);
    assert!(!commitment.holds(&forged));
    let mut renamed = opening.clone();
    renamed.member = "acme".into();
    assert!(!commitment.holds(&renamed));
    let mut swapped = commitment.clone();
    swapped.rows = vec![forged.commitment()];
    assert!(!swapped.holds(&forged));
    assert_ne!(commitment.site_map, self::book(1, &format!("{SAMPLE} more")).commitment(&[]).site_map);
    let salts: HashSet<_> = ["acme", "bolt"].map(|member| book.row_opening(member).salt).into();
    assert_eq!(salts.len(), 2);
}

#[test]
fn the_declared_coalition_moves_sites_of_two_symbols_only() {
    let text = format!("{SAMPLE} {{~shuffle-amp x=1&y=2~}}");
    let (half, biased) =
        (book(1, &text), Codebook::biased(&ReleaseSecret::new([1; 32]), &master(&text), Bias::Nuida(6)));
    let binary: Vec<bool> = (0..7).map(|site| half.one(SiteIx(site)).is_some()).collect();
    assert_eq!(binary.iter().filter(|binary| **binary).count(), 2);
    for (site, binary) in binary.into_iter().enumerate() {
        let site = SiteIx(site);
        assert_eq!(half.one(site), binary.then_some(0.5));
        if !binary {
            assert_eq!(half.symbol("acme", site), biased.symbol("acme", site));
            continue;
        }
        let one = biased.one(site).unwrap();
        let ones = (0..4000).filter(|m| biased.symbol(&format!("m{m}"), site) == Some(Symbol::Index(1)));
        assert!((ones.count() as f64 / 4000.0 - one).abs() < 0.03, "{one}");
    }
    assert_eq!(half.one(SiteIx(99)), None);
}

#[test]
fn a_commitment_binds_how_likely_symbols_are() {
    let of = |bias| Codebook::biased(&ReleaseSecret::new([1; 32]), &master(SAMPLE), bias);
    let (half, biased) = (of(Bias::Half), of(Bias::Arcsine));
    let commitment = biased.commitment(&["acme"]);
    let opening = biased.bias_opening();
    assert_eq!((opening.ones.len(), opening.commitment()), (1, commitment.bias.clone()));
    assert_ne!(half.bias_opening().commitment(), commitment.bias);
    let mut forged = opening.clone();
    forged.ones[0].1 += 1;
    assert_ne!(forged.commitment(), commitment.bias);
    let mut swapped = commitment.clone();
    swapped.bias = forged.commitment();
    assert!(!swapped.holds(&biased.row_opening("acme")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, rng_seed: RngSeed::Fixed(1), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_codeword_fits_its_master_and_renders_without_markup(secret: [u8; 32], member in "\\PC{0,12}") {
        let master = master(SAMPLE);
        let codebook = Codebook::new(&ReleaseSecret::new(secret), &master);
        let word = codebook.codeword(&member);
        prop_assert_eq!(Codeword::new(&master, word.symbols().to_vec()), Ok(word.clone()));
        for (site, symbol) in word.symbols().iter().enumerate() {
            if let (Some(space), Symbol::Value(value)) = (codebook.value_space(SiteIx(site)), symbol) {
                prop_assert!(space.holds(value));
            }
        }
        let text = render(&master, &word).remove(0).text;
        let markup = text.contains("{~") || text.contains("~}");
        prop_assert!(!markup, "{:?}", text);
    }
}
