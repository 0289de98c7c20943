//! The report as one page: light and dark, on paper too, without scripts and without anything from elsewhere.

mod chart;

use std::collections::BTreeMap;

use evidence::{
    Evidence, RowOpening,
    file::{Law, Member, Seen, Site, Symbol, Verdict},
};

use crate::case::count;

/// Tokens of a site that are shown; the others are counted.
const TOKENS: usize = 3;
/// Accused members whose symbols the table of sites shows.
const COLUMNS: usize = 4;

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#ffffff;--line:#c9d1d9;--dim:#57606a;--panel:#f6f8fa;--hit:#0b4f8a;--miss:#8a5a00;--bar:#8c959f;--accused:#b3261e}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--line:#3d444d;--dim:#9198a1;--panel:#161b22;--hit:#79b8ff;--miss:#e3b341;--bar:#6e7681;--accused:#ff7b72}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:62rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}
code,.mono{font:0.88em ui-monospace,monospace;overflow-wrap:anywhere}
.verdict{background:var(--panel);border:1px solid var(--line);border-radius:6px;padding:1rem 1.2rem;margin:1rem 0}
.verdict p{margin:.3rem 0}sup{line-height:0}.power{white-space:nowrap}.dim,small{color:var(--dim)}
svg{width:100%;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}svg .dim{fill:var(--dim)}
svg .bar{fill:var(--bar)}svg .accused{fill:var(--accused)}svg .axis{stroke:var(--line)}svg .threshold{stroke:var(--ink);stroke-dasharray:5 4}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.85rem;width:100%}
th,td{border-bottom:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.hit{color:var(--hit);font-weight:600}.miss{color:var(--miss)}tr.accused td{font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;font-size:.9rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none;font-size:11pt}h2{break-after:avoid}tr,svg{break-inside:avoid}}
@media(max-width:40rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}";

/// Writes the page; the rows are those of the report.
pub(crate) fn page(evidence: &Evidence, rows: &[RowOpening]) -> String {
    let title = format!("Trace of a leak of {}", evidence.package);
    let parts = [
        verdict(evidence),
        section("The evidence about each member", &chart::chart(evidence)),
        section("What this means, and what it does not", MEANING),
        section("Everybody's numbers", &members(evidence)),
        section("The reading, site by site", &sites(evidence, rows)),
        section("What was fixed, and when", &fixed(evidence)),
        section("How it was weighed", &weighed(evidence)),
        section("How to check this", CHECK),
    ];
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
<title>{0}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{0}</h1>\n{1}</body>\n</html>\n",
        escaped(&title),
        parts.concat()
    )
}

const MEANING: &str = "\
<ul>
<li>An accusation says that <strong>the text derives from the copy that was made for the member named</strong>. It does
not say who at that member acted, nor with what intent, nor that the member was not robbed of its copy.</li>
<li>The bound is about the procedure: whoever leaked, and whatever they did to the text, the chance that it accuses
<em>any</em> innocent member is at most ε. It is not the probability that an accused member is innocent.</li>
<li>An operator who takes a member's copy can leak it in the member's name. What was fixed before the leak keeps rows,
scorer and threshold from being fitted to it afterwards; it does not keep copies from being stolen.</li>
<li>Without an accusation, nobody is cleared: too little of the marks was left to name anybody within the bound.</li>
<li>Evidence of 10<sup>x</sup> means that the reading is 10<sup>x</sup> times as likely if this member's copy was leaked
as if it was not, averaged over what leakers might have done.</li>
</ul>
";

const CHECK: &str = "\
<p><code>forewarn mark check-evidence</code> with the name of this folder computes every number on this page again, from
<code>evidence.json</code> and the opened rows, without the key and without the code that traced. <code>README.txt</code>
has the formulas.</p>
";

fn section(heading: &str, body: &str) -> String {
    format!("<section>\n<h2>{heading}</h2>\n{body}</section>\n")
}

fn verdict(evidence: &Evidence) -> String {
    let named: Vec<String> =
        accused(evidence).into_iter().map(|m| format!("<strong>{}</strong>", escaped(&m.name))).collect();
    let says = match evidence.verdict {
        Verdict::Attributed => {
            format!(
                "Attributed: the text derives from the copy that was made for {}.",
                named.join(" and for ")
            )
        }
        Verdict::Inconclusive => String::from(
            "Inconclusive: the text derives from this package; whose copy it was cannot be said.",
        ),
        Verdict::NotDerived => {
            String::from("Not derived: nothing shows that the text comes from this package.")
        }
    };
    let read = evidence.reading.sites.iter().filter(|site| site.seen != Seen::Erased).count();
    let mut lines = vec![
        says,
        format!(
            "{} held a copy. {read} of {} were read. The chance that this procedure accuses any innocent member is at \
             most <strong>{}</strong>.",
            count(evidence.members.len(), "member"),
            count(evidence.reading.sites.len(), "site"),
            power(evidence.epsilon.log10())
        ),
    ];
    for member in accused(evidence) {
        lines.push(why(evidence, member));
    }
    lines.extend(evidence.claim.iter().map(|claim| format!("Of this release: {}.", escaped(claim))));
    let lines: Vec<String> = lines.into_iter().map(|line| format!("<p>{line}</p>\n")).collect();
    format!("<div class=\"verdict\">\n{}</div>\n", lines.concat())
}

/// Lists the accused members, strongest first.
fn accused(evidence: &Evidence) -> Vec<&Member> {
    let mut accused: Vec<&Member> = evidence.members.iter().filter(|member| member.accused).collect();
    accused.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    accused
}

fn why(evidence: &Evidence, member: &Member) -> String {
    let given = if member.given.is_empty() {
        String::from("Its own row is enough for that")
    } else {
        let names: Vec<String> = member.given.iter().map(|name| escaped(name)).collect();
        format!(
            "It is accused given the {} of {}",
            if names.len() == 1 { "row" } else { "rows" },
            names.join(" and ")
        )
    };
    format!(
        "{}: evidence {}, of which {} would accuse; an innocent member scores as high with probability at most {}. {given}.",
        escaped(&member.name),
        power(member.log10_e),
        power(evidence.log10_e_threshold),
        power(member.log10_p)
    )
}

fn members(evidence: &Evidence) -> String {
    let mut members: Vec<&Member> = evidence.members.iter().collect();
    members.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    let rows = members.into_iter().map(|member| {
        format!(
            "<tr{}><td>{}</td><td class=\"number\">{:.2}</td><td class=\"number\">{:.2}</td><td class=\"number\">{:.2}</td><td>{}</td></tr>\n",
            if member.accused { " class=\"accused\"" } else { "" },
            escaped(&member.name),
            member.log10_e,
            member.own_log10_e,
            member.log10_p,
            if member.accused { "accused" } else { "" }
        )
    });
    format!(
        "<p>Decimal logarithms. A member is accused from {:.2} of evidence, or up to {:.2} of chance.{}</p>\n\
<div class=\"wide\"><table>\n<thead><tr><th>Member</th><th class=\"number\">Evidence</th>\
<th class=\"number\">By its own row alone</th><th class=\"number\">Chance of an innocent</th><th></th></tr></thead>\n\
<tbody>\n{}</tbody>\n</table></div>\n",
        evidence.log10_e_threshold,
        evidence.log10_p_threshold,
        if evidence.anonymous { " Members that are not accused are numbered, not named." } else { "" },
        rows.collect::<String>()
    )
}

fn sites(evidence: &Evidence, rows: &[RowOpening]) -> String {
    let biases: BTreeMap<&str, u32> =
        evidence.biases.ones.iter().map(|(id, one)| (id.as_str(), *one)).collect();
    // In the evidence's order, whatever order the rows come in.
    let row = |member: &Member| rows.iter().find(|row| row.member == member.name);
    let open: Vec<(&str, BTreeMap<&str, &Symbol>)> = (accused(evidence).into_iter().filter_map(row))
        .take(COLUMNS)
        .map(|row| {
            let symbols = row.symbols.iter().map(|(id, symbol)| (id.as_str(), symbol));
            (row.member.as_str(), symbols.collect())
        })
        .collect();
    let heads: String = open.iter().map(|(name, _)| format!("<th>{} holds</th>", escaped(name))).collect();
    let mut lines = String::new();
    for site in &evidence.reading.sites {
        let law = match &site.law {
            None => String::new(),
            Some(Law::Binary) => {
                let one = biases.get(site.site.as_str()).copied().unwrap_or_default();
                format!("1 with probability {:.4}", f64::from(one) / 65536.0)
            }
            Some(Law::Uniform { q }) => format!("one of {q}"),
            Some(Law::Value { space, .. }) => format!("one of {} values", power(space.log10())),
        };
        let holds: String =
            open.iter().map(|(_, symbols)| holds(site, symbols.get(site.site.as_str()).copied())).collect();
        lines += &format!(
            "<tr><td class=\"mono\">{}</td><td>{law}</td><td>{}</td>{holds}</tr>\n",
            escaped(&site.site),
            seen(&site.seen)
        );
    }
    format!(
        "<p>Read by <code>{}</code>, which knows the package and no member's copy. What cannot be read with a margin is \
erased and weighs nothing.{}</p>\n<div class=\"wide\"><table>\n<thead><tr><th>Site</th><th>An innocent's symbol</th>\
<th>The leak shows</th>{heads}</tr></thead>\n<tbody>\n{lines}</tbody>\n</table></div>\n",
        escaped(&evidence.reading.reader),
        if evidence.reading.derived {
            ""
        } else {
            " As a whole the text does not follow the package: generated values alone weigh."
        }
    )
}

fn seen(seen: &Seen) -> String {
    match seen {
        Seen::Erased => String::from("<span class=\"dim\">erased</span>"),
        Seen::Index(index) => format!("variant {index}"),
        Seen::Tokens(tokens) if tokens.is_empty() => String::from("<span class=\"dim\">no such value</span>"),
        Seen::Tokens(tokens) => {
            let shown: Vec<String> =
                tokens.iter().take(TOKENS).map(|token| format!("<code>{}</code>", escaped(token))).collect();
            let more = tokens.len().saturating_sub(TOKENS);
            shown.join(" ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
        }
    }
}

fn holds(site: &Site, symbol: Option<&Symbol>) -> String {
    let (text, hit) = match (symbol, &site.seen) {
        (None, _) => return String::from("<td></td>"),
        (Some(Symbol::Index(own)), Seen::Index(seen)) => (format!("variant {own}"), Some(own == seen)),
        (Some(Symbol::Index(own)), _) => (format!("variant {own}"), None),
        (Some(Symbol::Value(own)), Seen::Tokens(tokens)) => {
            (format!("<code>{}</code>", escaped(own)), Some(tokens.contains(own)))
        }
        (Some(Symbol::Value(own)), _) => (format!("<code>{}</code>", escaped(own)), None),
    };
    match hit {
        Some(true) => format!("<td class=\"hit\">{text}, the same</td>"),
        Some(false) => format!("<td class=\"miss\">{text}</td>"),
        None => format!("<td class=\"dim\">{text}</td>"),
    }
}

fn fixed(evidence: &Evidence) -> String {
    let mut facts: Vec<(&str, String)> = vec![
        ("Package", format!("<code>{}</code>", escaped(&evidence.commitment.site_map))),
        ("Probabilities", format!("<code>{}</code>", escaped(&evidence.commitment.bias))),
        ("Root over these and every row", format!("<code>{}</code>", escaped(&evidence.commitment.root))),
        ("Reading", format!("<code>{}</code>", escaped(&evidence.reading.sha256))),
        ("What leaked", format!("<code>{}</code>", escaped(&evidence.reading.leak_sha256))),
    ];
    for exhibit in &evidence.exhibits {
        let says = format!("{}<br><code>{}</code>", escaped(&exhibit.name), escaped(&exhibit.sha256));
        facts.push(("Exhibit", says));
    }
    let log = match &evidence.log {
        None => String::from(
            "<p>No log stands behind this trace. That the codebook was fixed before the leak is known to whoever knew \
             the root above before it.</p>\n",
        ),
        Some(log) => {
            let entries = log.entries.iter().map(|entry| {
                format!(
                    "<tr><td class=\"number\">{}</td><td><code>{}</code></td></tr>\n",
                    entry.seq,
                    escaped(&entry.body)
                )
            });
            format!(
                "<p>Case {}, package version {}, leak case {}, look {}. Log <code>{}</code>. Each entry below is in \
                 <code>evidence.json</code> with its proof.</p>\n<div class=\"wide\"><table>\n<thead><tr>\
                 <th class=\"number\">Entry</th><th>What it says</th></tr></thead>\n<tbody>\n{}</tbody>\n</table></div>\n",
                escaped(&log.case),
                log.package,
                escaped(&log.leak),
                log.look,
                escaped(&log.vkey),
                entries.collect::<String>()
            )
        }
    };
    format!("{}{log}", list(&facts))
}

fn weighed(evidence: &Evidence) -> String {
    let scorer = &evidence.scorer;
    let facts = vec![
        ("Scorer", format!("<code>{}</code>", escaped(&scorer.version))),
        ("Reader", format!("<code>{}</code>", escaped(&evidence.reading.reader))),
        (
            "Models of the leakers",
            format!(
                "{} alone, {} given one other, {} given two others",
                scorer.bank.len(),
                scorer.pair_bank.len(),
                scorer.triple_bank.len()
            ),
        ),
        ("Misread rate of the models", scorer.misread.to_string()),
        (
            "Values",
            format!(
                "a missing one keeps {}; one that matches counts up to {}",
                scorer.rho,
                power(scorer.cap.log10())
            ),
        ),
        (
            "Thresholds",
            format!(
                "half of ε each: evidence from 2n/ε = {}, chance up to ε/(2n) = {}",
                power(evidence.log10_e_threshold),
                power(evidence.log10_p_threshold)
            ),
        ),
        ("Written by", escaped(&evidence.made_by)),
    ];
    list(&facts)
}

fn list(facts: &[(&str, String)]) -> String {
    let facts: String =
        facts.iter().map(|(name, says)| format!("<dt>{name}</dt><dd>{says}</dd>\n")).collect();
    format!("<dl>\n{facts}</dl>\n")
}

/// Writes a power of ten by its logarithm.
fn power(log10: f64) -> String {
    if (0.0..4.0).contains(&log10) {
        return format!("{:.0}", 10f64.powf(log10));
    }
    let whole = (log10 - log10.round()).abs() < 1e-6;
    let digits = if whole { format!("{log10:.0}") } else { format!("{log10:.1}") };
    format!("<span class=\"power\">10<sup>{digits}</sup></span>")
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // A page is text: what steers a terminal or the direction of writing is shown, not obeyed.
            c if c.is_control()
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c) =>
            {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
        out
    })
}
