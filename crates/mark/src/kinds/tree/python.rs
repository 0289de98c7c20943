//! Python, through tree-sitter.

use std::sync::LazyLock;

use tree_sitter::{Language, Parser, TreeCursor};

use super::{Broken, Builder, Form, Tree};

/// The grammar; names of its kinds live as long as it does.
static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_python::LANGUAGE.into());

/// Parses Python; comments are no part of the tree.
///
/// tree-sitter keeps its stack on the heap, so nesting is bounded by memory alone.
pub(super) fn tree(text: &str) -> Result<Tree, Broken> {
    let failed = |says: &str| Broken { at: 0, says: format!("no Python: {says}") };
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE).map_err(|_| failed("the grammar does not fit the parser"))?;
    let parsed = parser.parse(text, None).ok_or_else(|| failed("the parser gave up"))?;
    let mut builder = Builder::new(text);
    let mut cursor = parsed.walk();
    // Kind and field of every open node, outermost first.
    let mut above: Vec<(&str, Option<&str>)> = Vec::new();
    loop {
        let entered = visit(&mut cursor, &mut builder, &above)?;
        if entered {
            let (kind, field) = (cursor.node().kind(), cursor.field_name());
            if cursor.goto_first_child() {
                above.push((kind, field));
                builder.depth(depth(&above));
                continue;
            }
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Ok(builder.done());
            }
            above.pop();
            builder.depth(depth(&above));
        }
    }
}

fn depth(above: &[(&str, Option<&str>)]) -> u32 {
    u32::try_from(above.len()).unwrap_or(u32::MAX)
}

/// Adds the node under the cursor; tells whether its children are looked at.
fn visit(
    cursor: &mut TreeCursor<'_>,
    builder: &mut Builder<'_>,
    above: &[(&str, Option<&str>)],
) -> Result<bool, Broken> {
    let node = cursor.node();
    let range = node.byte_range();
    if node.is_error() || node.is_missing() {
        let says = if node.is_missing() {
            format!("no Python: `{}` is missing here", node.kind())
        } else {
            "no Python from here on".to_owned()
        };
        return Err(Broken { at: range.start, says });
    }
    let kind = LANGUAGE.node_kind_for_id(node.kind_id()).unwrap_or("node");
    match kind {
        "comment" | "line_continuation" => Ok(false),
        "identifier" => {
            let form = if binds(above, cursor.field_name()) { Form::Bind } else { Form::Use };
            builder.add(kind, range, form);
            Ok(false)
        }
        "string" => {
            if has_interpolation(cursor) {
                builder.add("interpolated string", range, Form::Branch);
                return Ok(true);
            }
            let quote = builder.text.get(range.clone()).and_then(|text| text.find(['"', '\'']));
            let prefix = quote.and_then(|at| builder.text.get(range.start..range.start + at));
            let bytes = prefix.is_some_and(|prefix| prefix.contains(['b', 'B']));
            builder.add(if bytes { "bytes" } else { "string" }, range, Form::Leaf);
            Ok(false)
        }
        // Escapes inside belong to it.
        "string_content" => {
            builder.add(kind, range, Form::Run);
            Ok(false)
        }
        _ if node.child_count() == 0 => {
            builder.add(kind, range, Form::Leaf);
            Ok(false)
        }
        _ => {
            builder.add(kind, range, Form::Branch);
            Ok(true)
        }
    }
}

fn has_interpolation(cursor: &mut TreeCursor<'_>) -> bool {
    let mut found = false;
    if cursor.goto_first_child() {
        loop {
            found |= cursor.node().kind() == "interpolation";
            if found || !cursor.goto_next_sibling() {
                break;
            }
        }
        cursor.goto_parent();
    }
    found
}

/// Tells whether an identifier is defined where it stands.
fn binds(above: &[(&str, Option<&str>)], field: Option<&str>) -> bool {
    let mut above = above.iter().rev();
    let Some((parent, parent_field)) = above.next() else { return false };
    let target = |kind: &str, field: Option<&str>| {
        field == Some("left")
            && matches!(kind, "assignment" | "augmented_assignment" | "for_statement" | "for_in_clause")
    };
    match *parent {
        "parameters"
        | "lambda_parameters"
        | "typed_parameter"
        | "list_splat_pattern"
        | "dictionary_splat_pattern"
        | "pattern_list"
        | "tuple_pattern"
        | "list_pattern"
        | "as_pattern_target"
        | "global_statement"
        | "nonlocal_statement" => field != Some("type"),
        "function_definition"
        | "class_definition"
        | "default_parameter"
        | "typed_default_parameter"
        | "named_expression" => field == Some("name"),
        "aliased_import" => field == Some("alias"),
        "attribute" => {
            field == Some("attribute") && above.next().is_some_and(|(kind, _)| target(kind, *parent_field))
        }
        kind => target(kind, field),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str, form: Form) -> Vec<String> {
        let tree = tree(text).unwrap();
        let found = tree.nodes.iter().filter(|node| node.form == form);
        found.map(|node| text.get(node.range.clone()).unwrap().to_owned()).collect()
    }

    #[test]
    fn what_is_no_python_says_where() {
        let broken = |text: &str| tree(text).unwrap_err();
        assert_eq!(broken("x = 1\ny = )\n").at / 6, 1);
        assert!(broken("def f(:\n  pass\n").says.starts_with("no Python"));
        assert!(tree("").unwrap().nodes.len() <= 1);
    }

    #[test]
    fn definitions_and_uses() {
        let text = "import a as b\ndef f(c, d=1, *e, g: int = 2, **h):\n    k, self.m = c.n(o=d)\n    for p in q: pass\n    return [r for r in s if (t := r)]\nwith u as v: pass\n";
        assert_eq!(names(text, Form::Bind), ["b", "f", "c", "d", "e", "g", "h", "k", "p", "r", "t", "v"]);
        assert!(names("self.m = 1\n", Form::Bind).contains(&"m".to_owned()));
        assert_eq!(names("self.m(k=1)\n", Form::Bind), [""; 0]);
    }

    #[test]
    fn deep_nesting_is_answered() {
        let deep = 50_000;
        let text = format!("x = {}1{}\n", "(".repeat(deep), ")".repeat(deep));
        assert!(tree(&text).is_ok_and(|tree| tree.nodes.len() > deep) || tree(&text).is_err());
        assert!(tree(&"(".repeat(deep)).is_err());
        let text: String = (0..300).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
        let _ = tree(&text);
    }
}
