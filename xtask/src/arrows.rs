//! Who may import whom. The table is the one of ARCHITECTURE.md; an arrow that is not in it is a mistake.

use crate::exec::{cargo, stdout};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A crate of ours and the crates of ours it may import. Test-only dependencies are free.
const ARROWS: &[(&str, &[&str])] = &[
    ("policy", &[]),
    ("mark", &[]),
    ("tlog", &[]),
    // What checks a trace shares nothing with what traces.
    ("evidence", &[]),
    ("program", &["policy"]),
    ("package", &["tlog"]),
    ("formats", &["program"]),
    ("engine", &["formats", "mark", "package", "policy", "program", "tlog"]),
    // Clients of HTTP and SMTP: what runs a program needs neither.
    ("notify", &["engine", "program"]),
    ("server", &["engine", "formats", "mark", "notify", "package", "policy", "program", "tlog"]),
    (
        "cli",
        &[
            "engine", "evidence", "formats", "mark", "notify", "package", "policy", "program", "server",
            "tlog",
        ],
    ),
    // The member's tool carries no codebook: neither `mark` nor `program`.
    ("member", &["package", "tlog"]),
    // The proofs read policies and nothing else.
    ("prove", &["policy"]),
    // What tests share; imported by tests, which are free.
    ("testbed", &["engine", "package", "policy", "program"]),
    ("bench", &["engine", "formats", "mark", "package", "policy", "program", "tlog"]),
    ("xtask", &[]),
];

/// A crate from outside and the only crates of ours that may import it.
const SOLE: &[(&str, &[&str])] = &[
    ("sqlx", &["engine"]),
    ("cedar-policy", &["policy", "prove"]),
    ("cedar-policy-symcc", &["prove"]),
    ("object_store", &["engine"]),
    ("lettre", &["notify"]),
    ("webauthn-rs", &["server"]),
    // Its own documentation says that it is easily misused.
    ("webauthn-rs-core", &[]),
    ("askama", &["server"]),
];

/// Compares the workspace's dependencies with the table.
///
/// # Errors
/// Names every arrow that is not allowed, and every crate without a row.
pub(crate) fn check() -> Result<()> {
    let text = stdout(&mut cargo(&["metadata", "--no-deps", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&text).context("`cargo metadata` printed no JSON")?;
    let packages = metadata.get("packages").and_then(Value::as_array).context("metadata without packages")?;
    let ours: Vec<(&str, Vec<&str>)> = packages.iter().filter_map(imports).collect();
    let wrong = violations(&ours);
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    let arrows: usize = ours.iter().map(|(_, imports)| imports.len()).sum();
    println!("    {} crates, {arrows} imports, all allowed", ours.len());
    Ok(())
}

/// A package's name and what it imports outside of tests.
fn imports(package: &Value) -> Option<(&str, Vec<&str>)> {
    let name = package.get("name")?.as_str()?;
    let dependencies = package.get("dependencies")?.as_array()?;
    let imported = dependencies.iter().filter(|it| it.get("kind").and_then(Value::as_str) != Some("dev"));
    Some((name, imported.filter_map(|it| it.get("name")?.as_str()).collect()))
}

fn violations(ours: &[(&str, Vec<&str>)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, imports) in ours {
        let Some((_, allowed)) = ARROWS.iter().find(|(row, _)| row == name) else {
            wrong.push(format!("`{name}` has no row in the table of xtask/src/arrows.rs"));
            continue;
        };
        for import in imports {
            let is_ours = ours.iter().any(|(other, _)| other == import);
            if is_ours && !allowed.contains(import) {
                wrong.push(format!("`{name}` may not import `{import}`"));
            }
            if let Some((_, sole)) = SOLE.iter().find(|(outside, _)| outside == import)
                && !sole.contains(name)
            {
                wrong
                    .push(format!("`{name}` may not import `{import}`: only `{}` may", sole.join("` and `")));
            }
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_each_forbidden_arrow() {
        let ours = [
            ("policy", vec!["cedar-policy"]),
            ("mark", vec!["program", "sha2"]),
            ("program", vec!["policy", "sqlx"]),
            ("novel", vec![]),
        ];
        let wrong = violations(&ours);
        assert_eq!(wrong.len(), 3, "{wrong:?}");
        assert!(wrong[0].contains("`mark` may not import `program`"));
        assert!(wrong[1].contains("only `engine` may"));
        assert!(wrong[2].contains("`novel` has no row"));
    }

    #[test]
    fn leaves_test_dependencies_out() {
        let package = serde_json::json!({ "name": "package", "dependencies": [
            { "name": "tlog", "kind": null }, { "name": "mark", "kind": "dev" }, { "name": "engine", "kind": "build" },
        ]});
        assert_eq!(imports(&package), Some(("package", vec!["tlog", "engine"])));
    }
}
