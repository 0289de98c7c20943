use super::problem::Problem;
use super::source::Source;
use super::tree::{Edit, Mark};

#[derive(Default)]
pub(super) struct Marked {
    pub(super) edits: Vec<Edit>,
    pub(super) locals: Vec<Mark>,
}
pub(super) fn edits(sources: &[Source<'_>], _problems: &mut Vec<Problem>) -> Vec<Marked> {
    sources.iter().map(|_| Marked::default()).collect()
}
