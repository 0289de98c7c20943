//! The meter as one page: a heat map and the same as a table, for light and dark, without scripts.

use mark::strength::{Cell, RowStrength, Strength};

use super::{Band, innocents, short, summary};

/// Width of the file names, width and height of a cell, height of the headings; in SVG units.
const LABEL: usize = 190;
const WIDTH: usize = 60;
const HEIGHT: usize = 34;
const HEAD: usize = 30;

/// Colours that people with any colour vision tell apart, by lightness too; every cell says its number.
///
/// **Source:** after Okabe and Ito, "Color universal design", 2008.
const STYLE: &str = "\
:root{color-scheme:light dark;--ink:#1b1f24;--paper:#ffffff;--line:#c9d1d9;--dim:#57606a}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--paper:#0d1117;--line:#3d444d;--dim:#9198a1}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:72rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}
code{font:0.92em ui-monospace,monospace;overflow-wrap:anywhere}
svg{width:100%;height:auto;display:block}svg text{font:13px system-ui,sans-serif;fill:var(--ink)}
svg .name{font:12px ui-monospace,monospace}svg .none{fill:var(--dim)}
.strong{fill:#0b4f8a}.weak{fill:#f0c643}.bad{fill:#d95f02}
svg .on-strong{fill:#ffffff;font-weight:600}svg .on-weak,svg .on-bad{fill:#111111;font-weight:600}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:.8rem}
th,td{border-bottom:1px solid var(--line);padding:.3rem .25rem;text-align:right;white-space:nowrap}
dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(19rem,1fr));gap:0 1.5rem;font-size:.85rem;color:var(--dim)}\
dl div{display:flex;gap:.5rem}dt{color:var(--ink);min-width:3.6rem}dd{margin:0}
th:first-child{text-align:left}small{color:var(--dim);font-size:.68rem}
.key{display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;padding:0;list-style:none}
.key svg{width:1em;height:1em;display:inline-block;vertical-align:-.1em;margin-right:.4em}";

/// Writes the page.
pub(super) fn page(package: &str, strength: &Strength) -> String {
    let name = escaped(package);
    let advice = if strength.advice.is_empty() {
        "<p>Nothing needs to be added.</p>".to_owned()
    } else {
        let items = strength.advice.iter().map(|advice| format!("<li>{}</li>\n", prose(&advice.says)));
        format!("<ul>\n{}</ul>", items.collect::<String>())
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
<title>Strength of {name}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n\
<h1>Strength of <code>{name}</code></h1>\n<p>{}</p>\n\
<p>Each number is the share of leaks, in percent, after which somebody who leaked was named.</p>\n\
{}\n{}\n<dl>\n{}</dl>\n<h2>What to add to fix it</h2>\n{advice}\n\
<h2>The same as a table</h2>\n<p>Percent named, the 95 % interval, the number of leaks tried.</p>\n{}\n\
<p>{}</p>\n</body>\n</html>\n",
        prose(&summary(strength)),
        map(strength),
        key(),
        legend(strength),
        table(strength),
        escaped(&innocents(strength)),
    )
}

fn map(strength: &Strength) -> String {
    let (columns, rows) = (strength.leaks.len(), strength.rows.len());
    let (width, height) = (LABEL + WIDTH * columns, HEAD + HEIGHT * rows);
    let mut out = format!(
        "<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"Percent of leaks that name a guilty member, by file and kind of leak; the table below has the same numbers\">\n"
    );
    for (at, leak) in strength.leaks.iter().enumerate() {
        let x = LABEL + WIDTH * at + WIDTH / 2;
        out.push_str(&format!(
            "<text x=\"{x}\" y=\"18\" text-anchor=\"middle\">{}<title>{}</title></text>\n",
            escaped(&short(*leak)),
            escaped(&leak.says())
        ));
    }
    for (at, row) in strength.rows.iter().enumerate() {
        let y = HEAD + HEIGHT * at;
        let whole = label(row);
        out.push_str(&format!(
            "<text class=\"name\" x=\"{}\" y=\"{}\" text-anchor=\"end\">{}<title>{}</title></text>\n",
            LABEL - 8,
            y + HEIGHT / 2 + 4,
            escaped(&cut(whole)),
            escaped(whole)
        ));
        for (place, (leak, cell)) in strength.leaks.iter().zip(&row.cells).enumerate() {
            out.push_str(&square(
                LABEL + WIDTH * place,
                y,
                cell.as_ref(),
                &format!("{whole}, {}", leak.says()),
            ));
        }
    }
    out.push_str("</svg>");
    out
}

fn square(x: usize, y: usize, cell: Option<&Cell>, what: &str) -> String {
    let (middle, line) = (x + WIDTH / 2, y + HEIGHT / 2 + 5);
    let Some(cell) = cell else {
        return format!(
            "<text class=\"none\" x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\">–<title>{}: cannot leak so</title></text>\n",
            escaped(what)
        );
    };
    let band = Band::of(cell);
    let class = class(band);
    format!(
        "<g><title>{}: {} of {} named, 95 % interval {}</title><rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>\
<text class=\"on-{class}\" x=\"{middle}\" y=\"{line}\" text-anchor=\"middle\">{:.0}{}</text></g>\n",
        escaped(what),
        cell.named,
        cell.trials,
        interval(cell),
        x + 2,
        y + 2,
        WIDTH - 4,
        HEIGHT - 4,
        100.0 * cell.share,
        band.sign()
    )
}

fn key() -> String {
    let bands = [
        (Band::Strong, "95 % and more"),
        (Band::Weak, "! 50 % to below 95 %"),
        (Band::Unattributable, "!! below 50 %: names nobody, as a rule"),
    ];
    let items = bands.iter().map(|(band, says)| {
        format!(
            "<li><svg viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{}\" width=\"10\" height=\"10\" rx=\"2\"/></svg>{says}</li>\n",
            class(*band)
        )
    });
    format!("<ul class=\"key\">\n{}<li>– cannot leak so</li>\n</ul>", items.collect::<String>())
}

fn legend(strength: &Strength) -> String {
    let entry = |leak: &mark::strength::LeakClass| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(&short(*leak)), escaped(&leak.says()))
    };
    strength.leaks.iter().map(entry).collect()
}

fn table(strength: &Strength) -> String {
    let heads =
        strength.leaks.iter().map(|leak| format!("<th scope=\"col\">{}</th>", escaped(&short(*leak))));
    let rows = strength.rows.iter().map(|row| {
        let cells = row.cells.iter().map(|cell| match cell {
            Some(cell) => format!(
                "<td>{:.0} %<br><small>{}, {}</small></td>",
                100.0 * cell.share,
                interval(cell),
                cell.trials
            ),
            None => "<td>–</td>".to_owned(),
        });
        format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{:.0}</td>{}</tr>\n",
            escaped(label(row)),
            row.bits,
            cells.collect::<String>()
        )
    });
    format!(
        "<div class=\"wide\"><table>\n<thead><tr><th scope=\"col\">leaked</th><th scope=\"col\">bits</th>{}</tr></thead>\n<tbody>\n{}</tbody>\n</table></div>",
        heads.collect::<String>(),
        rows.collect::<String>()
    )
}

fn class(band: Band) -> &'static str {
    match band {
        Band::Unattributable => "bad",
        Band::Weak => "weak",
        Band::Strong => "strong",
    }
}

fn interval(cell: &Cell) -> String {
    format!("{:.0}–{:.0}", 100.0 * cell.low, 100.0 * cell.high)
}

fn label(row: &RowStrength) -> &str {
    row.file.as_deref().unwrap_or("the whole package")
}

/// The end of a long name: what tells files apart stands there.
fn cut(name: &str) -> String {
    const MOST: usize = 24;
    let length = name.chars().count();
    if length <= MOST {
        return name.to_owned();
    }
    std::iter::once('…').chain(name.chars().skip(length - MOST + 1)).collect()
}

/// Escapes a sentence and sets what stands in backticks as code.
fn prose(says: &str) -> String {
    let parts = says.split('`').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 1 { format!("<code>{}</code>", escaped(part)) } else { escaped(part) })
        .collect()
}

fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
        out
    })
}
