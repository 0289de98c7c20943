//! The package that the tests mark, and its members.

use mark::code::{Codebook, ReleaseSecret};
use mark::master::{Master, SiteKind};
use mark::read::LeakFile;
use mark::render::{RenderedFile, render};
use mark::syntax::SourceFile;

/// Parses the test package.
pub(crate) fn master() -> Master {
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.into() };
    let files = [
        file("advisory.md", include_str!("../package/advisory.md")),
        file("detection.md", include_str!("../package/detection.md")),
        file("loop.yar", include_str!("../package/loop.yar")),
        file("poc.py", include_str!("../package/poc.py")),
        file("upload.rules", include_str!("../package/upload.rules")),
        file("upload.yml", include_str!("../package/upload.yml")),
    ];
    Master::parse(&files).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A hundred members.
pub(crate) fn members() -> Vec<String> {
    (0..100).map(|number| format!("member-{number:03}")).collect()
}

pub(crate) fn codebook(master: &Master, seed: u8) -> Codebook {
    Codebook::new(&ReleaseSecret::new([seed; 32]), master)
}

/// A member's copy of the package.
pub(crate) fn copy(master: &Master, codebook: &Codebook, member: &str) -> Vec<RenderedFile> {
    render(master, &codebook.codeword(member))
}

/// The copy as a leak, unchanged.
pub(crate) fn verbatim(copy: &[RenderedFile]) -> Vec<LeakFile> {
    copy.iter().map(|file| LeakFile { path: file.path.clone(), text: file.text.clone() }).collect()
}

/// Whether a site is a constant.
pub(crate) fn is_constant(kind: &SiteKind) -> bool {
    matches!(kind, SiteKind::Constant(_))
}
