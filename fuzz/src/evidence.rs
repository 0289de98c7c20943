//! The body for `evidence.json`, whoever wrote it: takes any bytes and panics when the check breaks what it promises.

use ::evidence::{Evidence, RowOpening, check};

/// Checks a report: what parts at the first form feed is `evidence.json`, and the rest are opened rows.
///
/// Whatever it says, it is refused with a reason or answered, the same way with the rows as they came and reversed.
pub fn evidence(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == b'\x0c');
    let file = parts.next().unwrap_or_default();
    let mut rows: Vec<RowOpening> = parts.filter_map(|row| RowOpening::from_json(row).ok()).collect();
    let evidence = match Evidence::from_json(file) {
        Ok(evidence) => evidence,
        Err(error) => return assert!(!error.to_string().is_empty(), "a refusal says why"),
    };
    assert!(evidence.to_json().is_ok(), "what was read can be written");
    let findings = check(&evidence, &rows);
    let said = findings.checked.len() + findings.wrong.len() + findings.unchecked.len();
    assert!(said > 0, "a check says something");
    for text in findings.wrong.iter().chain(&findings.checked) {
        assert!(!text.is_empty(), "a finding says what");
    }
    rows.reverse();
    assert_eq!(
        check(&evidence, &rows).is_wrong(),
        findings.is_wrong(),
        "the order of the rows decides nothing"
    );
}
