//! Markdown, through pulldown-cmark: blocks with their running text.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

use super::{Builder, Form, Tree};

/// Parses Markdown; every text is some Markdown.
///
/// Definitions of links and footnotes are no part of the tree.
pub(super) fn tree(text: &str) -> Tree {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS;
    let mut builder = Builder::new(text);
    let mut open = Vec::new();
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        match event {
            Event::Start(tag) => {
                let (kind, form) = kind(&tag);
                open.push(builder.open(kind, range, form));
            }
            Event::End(_) => {
                if let Some(index) = open.pop() {
                    builder.close(index, None);
                }
            }
            Event::Text(_) | Event::Html(_) | Event::SoftBreak | Event::HardBreak => {
                builder.add("text", range, Form::Run);
            }
            Event::InlineHtml(_) => builder.add("inline html", range, Form::Inline),
            Event::Code(_) => builder.add("code", range, Form::Leaf),
            Event::Rule => builder.add("rule", range, Form::Branch),
            Event::FootnoteReference(_) => builder.add("footnote reference", range, Form::Inline),
            Event::TaskListMarker(_) => builder.add("task marker", range, Form::Branch),
            Event::InlineMath(_) | Event::DisplayMath(_) => builder.add("math", range, Form::Leaf),
        }
    }
    builder.done()
}

fn kind(tag: &Tag<'_>) -> (&'static str, Form) {
    let kind = match tag {
        Tag::Paragraph => "paragraph",
        Tag::Heading { level, .. } => match level {
            HeadingLevel::H1 => "heading 1",
            HeadingLevel::H2 => "heading 2",
            HeadingLevel::H3 => "heading 3",
            HeadingLevel::H4 => "heading 4",
            HeadingLevel::H5 => "heading 5",
            HeadingLevel::H6 => "heading 6",
        },
        Tag::BlockQuote(_) => "quote",
        Tag::CodeBlock(CodeBlockKind::Fenced(_)) => "fenced code",
        Tag::CodeBlock(CodeBlockKind::Indented) => "indented code",
        Tag::HtmlBlock => "html",
        Tag::List(Some(_)) => "numbered list",
        Tag::List(None) => "list",
        Tag::Item => "item",
        Tag::FootnoteDefinition(_) => "footnote",
        Tag::Table(_) => "table",
        Tag::TableHead => "table head",
        Tag::TableRow => "table row",
        Tag::TableCell => "table cell",
        Tag::Emphasis => return ("emphasis", Form::Inline),
        Tag::Strong => return ("strong emphasis", Form::Inline),
        Tag::Strikethrough => return ("strikethrough", Form::Inline),
        Tag::Link { .. } => return ("link", Form::Inline),
        Tag::Image { .. } => return ("image", Form::Inline),
        _ => "block",
    };
    (kind, Form::Branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_and_running_text() {
        let text = "# T\n\nA *b* `c`\nd\n\n- e\n- f\n";
        let shown: Vec<(&str, u32, &str)> = tree(text)
            .nodes
            .iter()
            .filter(|node| node.form != Form::Run)
            .map(|node| (node.kind, node.depth, text.get(node.range.clone()).unwrap()))
            .collect();
        assert_eq!(
            shown,
            [
                ("heading 1", 0, "# T"),
                ("paragraph", 0, "A *b* `c`\nd"),
                ("emphasis", 1, "*b*"),
                ("code", 1, "`c`"),
                ("list", 0, "- e\n- f"),
                ("item", 1, "- e"),
                ("item", 1, "- f"),
            ]
        );
    }

    #[test]
    fn deep_nesting_is_answered() {
        for opener in ["> ", "- ", "*", "[", "`", "<"] {
            let _ = tree(&opener.repeat(20_000));
        }
    }
}
