//! Real traces of made-up packages, turned into evidence.

use evidence::file::{
    Biases, Commitment, Evidence, Generator, Law, Member, Reading, Scorer, Seen, Site, Symbol, Verdict,
};
use evidence::{RowOpening, VERSION, sha256_hex};
use mark::accuse::{self, factor, joint, tail};
use mark::code::{Bias, Codebook, ReleaseSecret};
use mark::master::{self, Master};
use mark::reading;
use mark::syntax::SourceFile;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A leak to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) seed: u64,
    pub(crate) members: usize,
    pub(crate) leakers: usize,
    pub(crate) binary: usize,
    pub(crate) ternary: usize,
    pub(crate) values: usize,
    pub(crate) erased: f64,
    pub(crate) bias: Bias,
    pub(crate) derived: bool,
    pub(crate) epsilon: f64,
}

pub(crate) const PLAIN: Case = Case {
    seed: 1,
    members: 5,
    leakers: 1,
    binary: 40,
    ternary: 4,
    values: 2,
    erased: 0.2,
    bias: Bias::Half,
    derived: true,
    epsilon: 1e-6,
};

/// Makes a package, its codebook and a leak, traces it, and returns evidence and every row.
pub(crate) fn traced(case: Case) -> (Evidence, Vec<RowOpening>) {
    let mut rng = StdRng::seed_from_u64(case.seed);
    let mut text = String::from("Text.");
    (0..case.binary).for_each(|i| text.push_str(&format!(" {{~left{i}|right{i}~}}")));
    (0..case.ternary).for_each(|i| text.push_str(&format!(" {{~red{i}|green{i}|blue{i}~}}")));
    (0..case.values).for_each(|i| text.push_str(&format!(" {{~v{i}=rand:hex{}~}}", 10 + 4 * i)));
    let master = Master::parse(&[SourceFile { path: "a.md".into(), text }]).unwrap();
    let book = Codebook::biased(&ReleaseSecret::new(rng.r#gen()), &master, case.bias);
    let members: Vec<String> = (0..case.members).map(|i| format!("member-{i}")).collect();
    let rows = mark::trace::rows(&book, &members);
    let seen = |rng: &mut StdRng, at: usize| {
        if rng.gen_bool(case.erased) || case.leakers == 0 {
            return reading::Seen::Erased;
        }
        match &rows[rng.gen_range(0..case.leakers)].symbols[at] {
            master::Symbol::Index(index) => reading::Seen::Index(*index),
            master::Symbol::Value(value) => {
                let other = "0123456789abcdef".chars().cycle().take(value.len()).collect::<String>();
                let mut tokens = if rng.gen_bool(0.7) { vec![value.clone(), other] } else { vec![other] };
                tokens.sort();
                reading::Seen::Tokens(tokens)
            }
        }
    };
    let sites = master.sites.iter().enumerate();
    let sites =
        sites.map(|(at, site)| reading::SiteReading { site: site.id.clone(), seen: seen(&mut rng, at) });
    let reading = reading::Reading {
        reader: "mark-read/1".into(),
        leak_sha256: sha256_hex(b"leak"),
        sites: sites.collect(),
        aligned: 0.972_413_793_103_448_2,
        derived: case.derived,
        erased_channels: Vec::new(),
    };
    let laws = mark::trace::laws(&master, &book);
    let trace = accuse::accuse(&laws, &rows, &reading, case.epsilon).unwrap();
    let own = accuse::own_log10_e(&laws, &rows, &reading).unwrap();
    let evidence = evidence(&master, &book, &members, &reading, &trace, &own);
    let openings = members.iter().map(|member| opening(&book, member)).collect();
    (evidence, openings)
}

fn evidence(
    master: &Master,
    book: &Codebook,
    members: &[String],
    reading: &reading::Reading,
    trace: &accuse::Trace,
    own: &[f64],
) -> Evidence {
    let names: Vec<&str> = members.iter().map(String::as_str).collect();
    let commitment = book.commitment(&names);
    let biases = book.bias_opening();
    let laws = mark::trace::laws(master, book);
    let sites = master.sites.iter().zip(&laws).zip(&reading.sites);
    let n = members.len() as f64;
    Evidence {
        version: VERSION.into(),
        made_by: "test".into(),
        package: "package".into(),
        claim: None,
        exhibits: Vec::new(),
        verdict: serde_verdict(trace.verdict),
        epsilon: trace.epsilon,
        log10_e_threshold: six((2.0 * n / trace.epsilon).log10()),
        log10_p_threshold: six((trace.epsilon / (2.0 * n)).log10()),
        anonymous: false,
        members: trace
            .members
            .iter()
            .zip(own)
            .map(|(member, own)| Member {
                name: member.member.clone(),
                accused: trace.accused.contains(&member.member),
                own_log10_e: six(*own),
                log10_e: six(member.log10_e),
                log10_p: six(member.p_value.log10()),
                given: member.given.clone(),
            })
            .collect(),
        reading: Reading {
            reader: reading.reader.clone(),
            leak_sha256: reading.leak_sha256.clone(),
            aligned: serde_json::to_string(&reading.aligned).unwrap(),
            derived: reading.derived,
            sha256: sha256_hex(&serde_json::to_vec(reading).unwrap()),
            sites: sites.map(|((site, law), read)| self::site(site, law, read)).collect(),
        },
        biases: Biases {
            ones: biases.ones.into_iter().map(|(id, p)| (id.0, p)).collect(),
            salt: biases.salt,
        },
        commitment: Commitment {
            root: commitment.root,
            site_map: commitment.site_map,
            bias: commitment.bias,
            rows: commitment.rows,
        },
        scorer: scorer(),
        log: None,
    }
}

fn serde_verdict(verdict: accuse::Verdict) -> Verdict {
    match verdict {
        accuse::Verdict::Attributed => Verdict::Attributed,
        accuse::Verdict::Inconclusive => Verdict::Inconclusive,
        accuse::Verdict::NotDerived => Verdict::NotDerived,
    }
}

fn site(site: &master::Site, law: &accuse::SiteLaw, read: &reading::SiteReading) -> Site {
    let law = match (law.law, &site.kind) {
        _ if read.seen == reading::Seen::Erased => None,
        (accuse::Law::Binary { .. }, _) => Some(Law::Binary),
        (accuse::Law::Uniform { q }, _) => Some(Law::Uniform { q: q as u32 }),
        (accuse::Law::Value { space }, master::SiteKind::Constant(master::Generator::Hex(n))) => {
            Some(Law::Value { generator: Generator::Hex(*n), space })
        }
        other => panic!("no such site is made: {other:?}"),
    };
    let seen = match &read.seen {
        reading::Seen::Erased => Seen::Erased,
        reading::Seen::Index(index) => Seen::Index(*index),
        reading::Seen::Tokens(tokens) => Seen::Tokens(tokens.clone()),
    };
    Site { site: site.id.0.clone(), law, seen }
}

fn opening(book: &Codebook, member: &str) -> RowOpening {
    let opened = book.row_opening(member);
    let symbol = |symbol| match symbol {
        master::Symbol::Index(index) => Symbol::Index(index),
        master::Symbol::Value(value) => Symbol::Value(value),
    };
    let symbols = opened.symbols.into_iter().map(|(id, own)| (id.0, symbol(own))).collect();
    RowOpening { member: opened.member, symbols, salt: opened.salt }
}

fn name(strategy: factor::Strategy) -> String {
    serde_json::to_value(strategy).unwrap().as_str().unwrap().to_owned()
}

/// The constants of the scorer as the scorer has them.
pub(crate) fn scorer() -> Scorer {
    let model = |model: &factor::Coalition| (model.colluders, name(model.strategy));
    Scorer {
        version: accuse::SCORER.into(),
        bank: factor::BANK.iter().map(model).collect(),
        pair_bank: joint::PAIR_BANK
            .iter()
            .map(|(m, weight)| (m.colluders, name(m.strategy), *weight))
            .collect(),
        triple_bank: joint::TRIPLE_BANK.iter().map(model).collect(),
        misread: factor::MISREAD,
        rho: accuse::constant::RHO,
        cap: accuse::constant::CAP,
        step: tail::STEP,
        weight_cap: tail::WEIGHT_CAP,
        scores: accuse::bound::SCORES,
        screen: joint::SCREEN as u32,
        triples: joint::TRIPLES as u32,
        rounding_nats: accuse::bound::ROUNDING_NATS,
    }
}

pub(crate) fn six(x: f64) -> f64 {
    (x * 1e6).round() / 1e6
}
