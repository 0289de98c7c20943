//! A rule's condition over its selections.

/// How deep a condition may be nested, and how many words it may have.
const MOST_DEPTH: usize = 64;
const MOST_WORDS: usize = 512;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Condition {
    Selection(String),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    /// Parses a condition over selections of these names; nothing when any of it is not understood.
    pub(super) fn parse(text: &str, names: &[&str]) -> Option<Self> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        if words.len() > MOST_WORDS {
            return None;
        }
        let mut parser = Parser { words: words.into_iter().peekable(), names };
        let condition = parser.any(0)?;
        parser.words.next().is_none().then_some(condition)
    }

    /// Evaluates the condition.
    pub(super) fn holds(&self, selected: &impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Selection(name) => selected(name),
            Self::Not(inner) => !inner.holds(selected),
            Self::All(inner) => inner.iter().all(|inner| inner.holds(selected)),
            Self::Any(inner) => inner.iter().any(|inner| inner.holds(selected)),
        }
    }
}

struct Parser<'t, W: Iterator<Item = &'t str>> {
    words: std::iter::Peekable<W>,
    names: &'t [&'t str],
}

impl<'t, W: Iterator<Item = &'t str>> Parser<'t, W> {
    fn next_is(&mut self, word: &str) -> bool {
        self.words.next_if(|next| next.eq_ignore_ascii_case(word)).is_some()
    }

    fn any(&mut self, depth: usize) -> Option<Condition> {
        let mut parts = vec![self.all(depth)?];
        while self.next_is("or") {
            parts.push(self.all(depth)?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Condition::Any(parts) })
    }

    fn all(&mut self, depth: usize) -> Option<Condition> {
        let mut parts = vec![self.one(depth)?];
        while self.next_is("and") {
            parts.push(self.one(depth)?);
        }
        Some(if parts.len() == 1 { parts.pop()? } else { Condition::All(parts) })
    }

    fn one(&mut self, depth: usize) -> Option<Condition> {
        if depth > MOST_DEPTH {
            return None;
        }
        if self.next_is("not") {
            return Some(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.next_is("(") {
            let inner = self.any(depth + 1)?;
            return self.next_is(")").then_some(inner);
        }
        let word = self.words.next()?;
        let every = word.eq_ignore_ascii_case("all");
        if (every || word == "1" || word.eq_ignore_ascii_case("any")) && self.next_is("of") {
            let pattern = self.words.next()?;
            let named = self.matching(pattern);
            let found: Vec<Condition> = named.map(|name| Condition::Selection((*name).to_owned())).collect();
            return match found.is_empty() {
                true => None,
                false if every => Some(Condition::All(found)),
                false => Some(Condition::Any(found)),
            };
        }
        self.names.contains(&word).then(|| Condition::Selection(word.to_owned()))
    }

    /// Finds the selections that a pattern names; `them` leaves those out that begin with an underscore.
    fn matching(&self, pattern: &'t str) -> impl Iterator<Item = &'t &'t str> + use<'t, W> {
        let them = pattern.eq_ignore_ascii_case("them");
        self.names.iter().filter(move |name| if them { !name.starts_with('_') } else { glob(pattern, name) })
    }
}

/// Tells whether a name fits a pattern in which `*` stands for any letters.
fn glob(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}
