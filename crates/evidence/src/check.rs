//! The check: every number, commitment and symbol against what it follows from.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::commit::{bias_commitment, root, row_commitment, sha256_hex};
use crate::file::{Evidence, Member, RowOpening, Verdict};
use crate::joint::{Joint, Part};
use crate::log;
use crate::score::{Own, Scale, ln_sum};
use crate::scorer::{ROUNDING_NATS, scorer};

/// How far a written logarithm may be from the one computed: half of its last decimal, and rounding.
const TOLERANCE: f64 = 0.5e-6 + 1e-8;
/// How many names a sentence lists.
const LISTED: usize = 12;

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What was computed again and fits.
    pub checked: Vec<String>,
    /// What does not fit.
    pub wrong: Vec<String>,
    /// What could not be checked.
    pub unchecked: Vec<Unchecked>,
}

/// Something that could not be checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unchecked {
    /// What.
    pub what: String,
    /// What it needs.
    pub needs: String,
    /// Whether an accusation rests on it.
    pub accusation: bool,
}

impl Findings {
    /// Tells whether something does not fit.
    pub fn is_wrong(&self) -> bool {
        !self.wrong.is_empty()
    }

    /// Tells whether an accusation could not be checked.
    pub fn is_incomplete(&self) -> bool {
        self.unchecked.iter().any(|unchecked| unchecked.accusation)
    }

    pub(crate) fn note(&mut self, fits: bool, checked: impl Into<String>, wrong: impl FnOnce() -> String) {
        if fits { self.checked.push(checked.into()) } else { self.wrong.push(wrong()) }
    }

    fn expect(&mut self, fits: bool, wrong: impl FnOnce() -> String) {
        if !fits {
            self.wrong.push(wrong());
        }
    }
}

/// Checks evidence against the opened rows there are.
///
/// Without a member's row its numbers are not checked, and without all of them those that rest on others' rows
/// are not; [`Findings::unchecked`] says so, and whether an accusation rests on them.
pub fn check(evidence: &Evidence, rows: &[RowOpening]) -> Findings {
    let mut findings = Findings::default();
    if scorer(&evidence.scorer.version).as_ref() != Some(&evidence.scorer) {
        let version = &evidence.scorer.version;
        findings.wrong.push(match scorer(version) {
            None => format!("this tool does not know the scorer `{version}`: use a version that does"),
            Some(_) => format!("the constants of the scorer are not those of `{version}`"),
        });
        return findings;
    }
    findings.checked.push(format!("the constants are those of scorer `{}`", evidence.scorer.version));
    check_file(evidence, &mut findings);
    check_commitments(evidence, &mut findings);
    let rows = check_rows(evidence, rows, &mut findings);
    match Scale::new(evidence) {
        Ok(scale) => check_members(evidence, &scale, &rows, &mut findings),
        Err(error) => findings.wrong.push(error),
    }
    log::check(evidence, &rows, &mut findings);
    findings.unchecked.push(Unchecked {
        what: String::from("that this is what the exhibits show"),
        needs: String::from("the exhibits and the package: read them again and compare the reading's hash"),
        accusation: false,
    });
    findings
}

fn check_file(evidence: &Evidence, findings: &mut Findings) {
    let distinct = |names: BTreeSet<&str>, all: usize| names.len() == all;
    let (members, sites) = (&evidence.members, &evidence.reading.sites);
    let names = members.iter().map(|member| member.name.as_str()).collect();
    findings.expect(distinct(names, members.len()), || String::from("two members have one name"));
    let ids = sites.iter().map(|site| site.site.as_str()).collect();
    findings.expect(distinct(ids, sites.len()), || {
        String::from("two sites have one id: a draw would count twice")
    });
    findings.expect(!members.is_empty(), || String::from("there is no member: nothing was traced"));

    let (ln_e, p) = thresholds(evidence);
    let fits = near(evidence.log10_e_threshold, ln_e.log10e()) && near(evidence.log10_p_threshold, p.log10());
    findings.note(fits, "the thresholds follow from ε and the number of members", || {
        format!(
            "the thresholds are not 2n/ε and ε/(2n) of {} members and ε {}",
            members.len(),
            evidence.epsilon
        )
    });
    let any = members.iter().any(|member| member.accused);
    let verdict = match (any, evidence.reading.derived) {
        (true, _) => Verdict::Attributed,
        (false, true) => Verdict::Inconclusive,
        (false, false) => Verdict::NotDerived,
    };
    findings.note(evidence.verdict == verdict, "the verdict follows from who is accused", || {
        format!("the verdict is {:?}, from who is accused follows {verdict:?}", evidence.verdict)
    });
    let logged = evidence.reading.to_logged().unwrap_or_default();
    let fits = sha256_hex(logged.as_bytes()) == evidence.reading.sha256;
    findings.note(fits, "the reading has the hash that is given", || {
        String::from("the reading was changed: it does not have the hash that is given")
    });
}

fn check_commitments(evidence: &Evidence, findings: &mut Findings) {
    let commitment = &evidence.commitment;
    let fits = bias_commitment(&evidence.biases).as_ref() == Some(&commitment.bias);
    findings.note(fits, "how likely each symbol was is what was committed to", || {
        String::from("the probabilities of the symbols are not those that were committed to")
    });
    let (rows, members) = (commitment.rows.len(), evidence.members.len());
    findings
        .expect(rows == members, || format!("{rows} rows were committed to, {members} members are listed"));
    let ascending = commitment.rows.is_sorted_by(|a, b| a < b);
    let fits = ascending && root(commitment).as_ref() == Some(&commitment.root);
    findings.note(fits, "the root of the commitment binds package, probabilities and every row", || {
        String::from("the commitment's root does not follow from its parts")
    });
}

/// Checks that rows are those committed to; returns them by member.
fn check_rows<'a>(
    evidence: &Evidence,
    rows: &'a [RowOpening],
    findings: &mut Findings,
) -> BTreeMap<&'a str, &'a RowOpening> {
    let mut sound = BTreeMap::new();
    for row in rows {
        let member = row.member.as_str();
        let listed = evidence.members.iter().any(|other| other.name == member);
        let known = row_commitment(row).is_some_and(|row| evidence.commitment.rows.contains(&row));
        let problem = match sound.get(member) {
            Some(before) if *before != row => Some("is there twice, differently"),
            _ if !listed => Some("belongs to no member that is listed"),
            _ if !known => Some("is not the one that was committed to"),
            _ => None,
        };
        findings.note(problem.is_none(), format!("the row of `{member}` is the one committed to"), || {
            format!("the row of `{member}` {}", problem.unwrap_or_default())
        });
        if problem.is_none() {
            sound.insert(member, row);
        }
    }
    sound
}

fn check_members(
    evidence: &Evidence,
    scale: &Scale,
    rows: &BTreeMap<&str, &RowOpening>,
    findings: &mut Findings,
) {
    let mut owns: HashMap<&str, Own> = HashMap::new();
    for member in &evidence.members {
        let Some(row) = rows.get(member.name.as_str()) else { continue };
        match scale.own(evidence, row) {
            Err(problem) => findings.wrong.push(format!("the row of `{}`: {problem}", member.name)),
            Ok(own) => {
                let computed = own.ln_e.log10e();
                let fits = near(member.own_log10_e, computed) && near(member.log10_p, own.p.log10());
                findings.note(fits, format!("`{}`: its own row gives these numbers", member.name), || {
                    let (e, p) = (member.own_log10_e, member.log10_p);
                    format!(
                        "`{}`: its row alone gives evidence 10^{computed:.6} and p 10^{:.6}, not 10^{e} and 10^{p}",
                        member.name,
                        own.p.log10()
                    )
                });
                owns.insert(member.name.as_str(), own);
            }
        }
    }
    let missing: Vec<&str> =
        evidence.members.iter().map(|m| m.name.as_str()).filter(|name| !owns.contains_key(name)).collect();
    if missing.is_empty() {
        let all: Vec<Own> = evidence.members.iter().filter_map(|m| owns.remove(m.name.as_str())).collect();
        match Joint::new(scale, &all) {
            Ok(joint) => {
                for (at, (member, own)) in evidence.members.iter().zip(&all).enumerate() {
                    check_joint(evidence, member, own, &joint.parts(at), findings);
                }
            }
            Err(says) => {
                let own =
                    |member: &Member| evidence.members.iter().zip(&all).find(|(m, _)| m.name == member.name);
                alone(evidence, |member| own(member).map(|(_, own)| own), &says, findings);
            }
        }
        return;
    }
    let named: Vec<String> = missing.iter().take(LISTED).map(|name| format!("`{name}`")).collect();
    let more = missing.len().saturating_sub(LISTED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let needs = format!("the rows of {}{more}", named.join(", "));
    alone(evidence, |member| owns.get(member.name.as_str()), &needs, findings);
}

/// Checks accusations that rest on one row, and says of everything else what it needs.
fn alone<'o>(
    evidence: &Evidence,
    own: impl Fn(&Member) -> Option<&'o Own>,
    needs: &str,
    findings: &mut Findings,
) {
    let (ln_e, p) = thresholds(evidence);
    // The least share that a member's own row has in E, whatever others hold.
    let share = match evidence.members.len() {
        1 => 1.0,
        2 => 0.5,
        _ => 7.0 / 16.0,
    };
    for member in evidence.members.iter().filter(|member| member.accused) {
        let name = &member.name;
        let enough = own(member).filter(|own| own.ln_e + f64::ln(share) >= ln_e || own.p <= p);
        match enough {
            Some(own) => {
                let least = (own.ln_e + f64::ln(share)).log10e();
                findings.expect(member.log10_e >= least - TOLERANCE, || {
                    format!(
                        "`{name}`: the evidence is 10^{}, its own share of it is 10^{least:.6}",
                        member.log10_e
                    )
                });
                findings.note(
                    member.given.is_empty(),
                    format!("`{name}`: its own row is enough to accuse it"),
                    || format!("`{name}`: its own row is enough, the evidence says that it needs others'"),
                );
            }
            None => findings.unchecked.push(Unchecked {
                what: format!("the accusation of `{name}`"),
                needs: needs.to_owned(),
                accusation: true,
            }),
        }
    }
    findings.unchecked.push(Unchecked {
        what: String::from(
            "evidence that rests on others' rows, and the numbers of members whose row is not open",
        ),
        needs: needs.to_owned(),
        accusation: false,
    });
}

/// Checks one member's E, whether it is accused, and given whom.
fn check_joint(evidence: &Evidence, member: &Member, own: &Own, parts: &[Part], findings: &mut Findings) {
    let name = &member.name;
    let sum = |of: fn(&Part) -> f64, parts: &[Part]| ln_sum(&parts.iter().map(of).collect::<Vec<_>>());
    let (least, most) = (sum(|part| part.least, parts), sum(|part| part.most, parts));
    let fits = member.log10_e >= least.log10e() - TOLERANCE && member.log10_e <= most.log10e() + TOLERANCE;
    findings.note(fits, format!("`{name}`: all rows together give this evidence"), || {
        format!(
            "`{name}`: all rows together give evidence 10^{:.6}, not 10^{}",
            most.log10e(),
            member.log10_e
        )
    });
    let (ln_e, p) = thresholds(evidence);
    let by_tail = own.p <= p;
    // At the threshold itself rounding may decide either way.
    let borderline = (most - ln_e).abs() < 1e-7 || (own.p / p - 1.0).abs() < 1e-7;
    let accuses = by_tail || most >= ln_e;
    findings.expect(member.accused == accuses || borderline, || {
        let is = |accused: bool| if accused { "accused" } else { "not accused" };
        format!("`{name}` is {} and the numbers make it {}", is(member.accused), is(accuses))
    });
    let first = (1..=parts.len())
        .find(|count| sum(|part| part.most, parts.get(..*count).unwrap_or_default()) >= ln_e);
    let deciding = first.filter(|_| member.accused && !by_tail).and_then(|count| parts.get(count - 1));
    let Some(Part { terms, .. }) = deciding.filter(|part| !part.terms.is_empty()) else {
        findings.expect(member.given.is_empty() || borderline, || {
            format!("`{name}` is said to rest on the rows of others and does not")
        });
        return;
    };
    let names = |who: &[usize]| -> Vec<&str> {
        who.iter().filter_map(|at| evidence.members.get(*at)).map(|member| member.name.as_str()).collect()
    };
    let top = terms.iter().map(|(ln, _)| *ln).fold(f64::NEG_INFINITY, f64::max);
    let strongest = terms.iter().filter(|(ln, _)| *ln >= top - 1e-6);
    findings.expect(strongest.clone().any(|(_, who)| names(who) == member.given) || borderline, || {
        let who = strongest.clone().next().map(|(_, who)| names(who).join(" and ")).unwrap_or_default();
        format!("`{name}` is accused given {who}, not given {}", member.given.join(" and "))
    });
}

/// Returns the least ln E and the greatest p that accuse.
fn thresholds(evidence: &Evidence) -> (f64, f64) {
    let n = evidence.members.len() as f64;
    ((2.0 * n / evidence.epsilon).ln() + ROUNDING_NATS, evidence.epsilon / (2.0 * n))
}

fn near(written: f64, computed: f64) -> bool {
    (written - computed).abs() <= TOLERANCE
}

trait Log10e {
    /// Turns a natural logarithm into a decimal one.
    fn log10e(self) -> f64;
}

impl Log10e for f64 {
    fn log10e(self) -> f64 {
        self / std::f64::consts::LN_10
    }
}
