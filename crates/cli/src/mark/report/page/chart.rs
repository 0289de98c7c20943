//! Every member's evidence as a bar, the threshold, and the bar of "none of the members".

use evidence::{Evidence, file::Member};

use super::escaped;

/// Members that have a bar of their own.
const BARS: usize = 24;
/// Width of the names, of the longest bar, of everything; height of a line; in SVG units.
const NAMES: f64 = 210.0;
const LONGEST: f64 = 560.0;
const WIDTH: f64 = 860.0;
const LINE: f64 = 24.0;
/// Longest name, in characters.
const LETTERS: usize = 26;

/// Draws the chart.
pub(super) fn chart(evidence: &Evidence) -> String {
    let mut members: Vec<&Member> = evidence.members.iter().collect();
    members.sort_by(|a, b| b.log10_e.total_cmp(&a.log10_e));
    let threshold = evidence.log10_e_threshold;
    let scale = members.first().map_or(0.0, |member| member.log10_e).max(threshold).max(1.0);
    let x = |log10_e: f64| NAMES + log10_e.max(0.0) / scale * LONGEST;
    let shown = members.len().min(BARS);
    let (top, bottom) = (34.0, 34.0 + LINE * (shown + 1) as f64);

    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\" aria-label=\"Evidence about each member as a power of ten\">\n",
        bottom + 30.0
    );
    svg += &format!(
        "<text class=\"dim\" x=\"{0:.1}\" y=\"16\" text-anchor=\"{1}\">accuses from 10^{threshold:.1}</text>\n\
<line class=\"threshold\" x1=\"{0:.1}\" y1=\"24\" x2=\"{0:.1}\" y2=\"{bottom:.1}\"/>\n",
        x(threshold),
        if x(threshold) > NAMES + LONGEST * 0.8 { "end" } else { "middle" }
    );
    let none = ("none of the members", 0.0, "bar");
    let bars = members.iter().take(shown).map(|member| {
        (member.name.as_str(), member.log10_e, if member.accused { "bar accused" } else { "bar" })
    });
    for (at, (name, log10_e, class)) in bars.chain([none]).enumerate() {
        let y = top + LINE * at as f64;
        let end = x(log10_e);
        svg += &format!(
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
<rect class=\"{class}\" x=\"{NAMES}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>\
<text class=\"dim\" x=\"{:.1}\" y=\"{:.1}\">{log10_e:.1}</text>\n",
            NAMES - 10.0,
            y + 15.0,
            escaped(&cut(name)),
            y + 3.0,
            (end - NAMES).max(1.5),
            LINE - 8.0,
            end + 6.0,
            y + 15.0
        );
    }
    svg += &format!(
        "<line class=\"axis\" x1=\"{NAMES}\" y1=\"{0:.1}\" x2=\"{1:.1}\" y2=\"{0:.1}\"/>\n\
<text class=\"dim\" x=\"{NAMES}\" y=\"{2:.1}\">evidence, as a power of ten; below 1 no bar</text>\n</svg>\n",
        bottom + 4.0,
        NAMES + LONGEST,
        bottom + 22.0
    );
    let rest = members.len() - shown;
    if rest > 0 {
        let best = members.get(shown).map_or(0.0, |member| member.log10_e);
        svg +=
            &format!("<p class=\"dim\">{rest} more members, none above {best:.1}; the table has all.</p>\n");
    }
    svg
}

fn cut(name: &str) -> String {
    if name.chars().count() <= LETTERS {
        return name.to_owned();
    }
    name.chars().take(LETTERS - 1).chain(['…']).collect()
}
