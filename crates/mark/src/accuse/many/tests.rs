use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::verdict::{Law, accuse_pairing};
use super::*;
use crate::master::SiteId;
use crate::reading::{Seen, SiteReading};

const PAIRED: usize = 40;

fn law(site: usize) -> Law {
    match site % 12 {
        0 => Law::Uniform { q: 6.0 },
        1 if site < 24 => Law::Value { space: 1e4 },
        at if at < 6 => Law::Binary { one: 0.21 },
        _ => Law::Binary { one: 0.5 },
    }
}

fn draw(law: Law, rng: &mut StdRng) -> Symbol {
    match law {
        Law::Binary { one } => Symbol::Index(u32::from(rng.gen_bool(one))),
        Law::Uniform { .. } => Symbol::Index(rng.gen_range(0..6)),
        Law::Value { .. } => Symbol::Value(format!("v{}", rng.gen_range(0..10_000))),
    }
}

struct World {
    sites: Vec<SiteLaw>,
    rows: Vec<Row>,
    reading: Reading,
}

/// A leak that some members mixed.
fn world(seed: u64, members: usize, leakers: usize, erased: f64) -> World {
    let mut rng = StdRng::seed_from_u64(seed);
    let id = |site: usize| SiteId(format!("s{site}"));
    let sites: Vec<SiteLaw> = (0..72).map(|site| SiteLaw { site: id(site), law: law(site) }).collect();
    let rows: Vec<Row> = (0..members)
        .map(|member| Row {
            member: format!("m{member}"),
            symbols: sites.iter().map(|site| draw(site.law, &mut rng)).collect(),
        })
        .collect();
    let shown = (0..sites.len()).map(|site| {
        let seen = match &rows[rng.gen_range(0..leakers)].symbols[site] {
            Symbol::Index(index) => Seen::Index(*index),
            Symbol::Value(value) => Seen::Tokens(vec![value.clone()]),
        };
        SiteReading { site: id(site), seen: if rng.gen_bool(erased) { Seen::Erased } else { seen } }
    });
    let reading = Reading {
        reader: "test/1".into(),
        leak_sha256: String::new(),
        sites: shown.collect(),
        aligned: 1.0,
        derived: true,
        erased_channels: Vec::new(),
    };
    World { sites, rows, reading }
}

fn many(world: &World, epsilon: f64) -> Result<Trace, AccuseError> {
    let members: Vec<String> = world.rows.iter().map(|row| row.member.clone()).collect();
    let open = |member: &str| {
        let row = world.rows.iter().find(|row| row.member == member);
        row.map(|row| row.symbols.clone()).unwrap_or_default()
    };
    accuse_many_pairing(PAIRED, &world.sites, &members, open, &world.reading, epsilon)
}

#[test]
fn what_accuse_refuses_is_refused() {
    let mut world = world(1, 3, 1, 0.0);
    assert_eq!(many(&world, 1.0), Err(AccuseError::Epsilon(1.0)));
    world.rows[1].symbols.pop();
    assert_eq!(many(&world, 0.1), Err(AccuseError::Row("m1".into())));
    world.rows[1].member = "m0".into();
    assert_eq!(many(&world, 0.1), Err(AccuseError::MemberTwice("m0".into())));
    world.rows.clear();
    assert_eq!(many(&world, 0.1), Err(AccuseError::NoPopulation));
}

#[test]
fn few_are_kept_and_the_leaker_named() {
    let found = many(&world(7, 600, 1, 0.2), 1e-6).unwrap();
    assert_eq!(found.accused, ["m0"]);
    assert!(found.members.len() < 100, "{} kept", found.members.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn the_same_as_weighing_everybody(
        seed: u64, members in 1..500_usize, leakers in 1..4_usize, erased in 0.0..0.95, few in any::<bool>()
    ) {
        let world = world(seed, members, leakers.min(members), erased);
        let epsilon = if few { 1e-6 } else { 0.3 };
        let whole = accuse_pairing(PAIRED, &world.sites, &world.rows, &world.reading, epsilon).unwrap();
        let found = many(&world, epsilon).unwrap();
        prop_assert_eq!((found.verdict, &found.accused), (whole.verdict, &whole.accused));
        prop_assert_eq!(found.sites, whole.sites);
        for member in &found.members {
            prop_assert!(whole.members.contains(member), "{:?}", member);
        }
    }
}
