//! Text as the reader compares it: what pasting, reflowing and reformatting change is taken out.
//!
//! NFKC; default-ignorable characters and Markdown punctuation dropped; quotes, dashes and look-alike
//! letters folded; every run of white space one space; letters lower case, with a flag.

use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;

/// Weight of a letter or digit; all costs of an alignment are in eighths of a character.
pub(super) const LETTER: u32 = 8;
/// Weight of punctuation.
const PUNCTUATION: u32 = 4;
/// Weight of a space.
const SPACE: u32 = 2;
/// Cost of the same letter in the other case.
const CASE: u32 = 1;

/// Cost of a glyph too many inside a value.
const BROKEN_VALUE: u32 = 15;
/// Most that leaving out, putting in or replacing a glyph costs.
pub(super) const HEAVIEST: u32 = 15;

const CHARACTER: u32 = 0x1f_ffff;
const WEIGHT_SHIFT: u32 = 24;
const WILD: u32 = 1 << 30;
const UPPER: u32 = 1 << 31;
const VALUE_AFTER: u32 = 1 << 28;
const VALUE_BEFORE: u32 = 1 << 29;

/// A normalised character with its weight, or a wildcard for a constant's character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Glyph(u32);

impl Glyph {
    /// Takes no character; marks where a branch starts and where branches meet.
    pub(super) const PASS: Glyph = Glyph(0);

    /// Stands for a value that was taken out or replaced: costs about two letters, matches nothing.
    pub(super) const LOST: Glyph = Glyph(CHARACTER | 15 << WEIGHT_SHIFT);

    /// A space.
    pub(super) const BREAK: Glyph = Glyph(' ' as u32 | SPACE << WEIGHT_SHIFT);

    fn new(lower: char, upper: bool) -> Self {
        let weight = match lower {
            ' ' => SPACE,
            c if c.is_alphanumeric() => LETTER,
            _ => PUNCTUATION,
        };
        Glyph(lower as u32 | weight << WEIGHT_SHIFT | if upper { UPPER } else { 0 })
    }

    /// Stands for any letter or digit: one character of a value, whose first and last it may be.
    pub(super) fn any(first: bool, last: bool) -> Self {
        let inner = if first { 0 } else { VALUE_BEFORE } | if last { 0 } else { VALUE_AFTER };
        Glyph(WILD | LETTER << WEIGHT_SHIFT | inner)
    }

    /// Whether it stands for any letter or digit.
    pub(super) fn is_any(self) -> bool {
        self.0 & WILD != 0
    }

    /// Cost of a leak's glyph that stands after it, or before it when read backwards, and is none of the
    /// master's. Values are whole tokens: what breaks one costs more.
    pub(super) fn extra(self, leak: Glyph, backwards: bool) -> u32 {
        let inner = if backwards { VALUE_BEFORE } else { VALUE_AFTER };
        if self.0 & inner == 0 { leak.weight() } else { BROKEN_VALUE }
    }

    /// Cost of leaving it out or putting it in, eighths of a character.
    pub(super) fn weight(self) -> u32 {
        (self.0 >> WEIGHT_SHIFT) & 0xf
    }

    /// Whether it is part of a word.
    pub(super) fn is_word(self) -> bool {
        self.weight() == LETTER
    }

    /// Whether `leak` is this character, in whatever case.
    pub(super) fn matches(self, leak: Glyph) -> bool {
        if self.is_any() { leak.is_word() } else { (self.0 ^ leak.0) & CHARACTER == 0 }
    }

    /// Adds the character to a word's hash.
    pub(super) fn hash_into(self, hash: u64) -> u64 {
        mix(hash, u64::from(self.0 & CHARACTER))
    }

    /// Cost of `leak` standing in its place.
    pub(super) fn instead(self, leak: Glyph, case: Case) -> u32 {
        if self.is_any() {
            if leak.is_word() { 0 } else { self.weight().max(leak.weight()) }
        } else {
            self.character_instead(leak, case)
        }
    }

    /// The same for a character, not a wildcard, without a jump: it is the innermost step of an alignment.
    pub(super) fn character_instead(self, leak: Glyph, case: Case) -> u32 {
        let differs = self.0 ^ leak.0;
        let counts = u32::from(case == Case::Counts);
        let same = (differs >> UPPER.trailing_zeros()) * counts * CASE;
        let other = self.weight().max(leak.weight());
        if differs & CHARACTER == 0 { same } else { other }
    }
}

/// Whether upper and lower case differ in this leak, or were lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Counts,
    Lost,
}

/// A run of letters and digits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Word {
    /// Hash of its lower-case letters.
    pub(super) hash: u64,
    /// First glyph.
    pub(super) start: usize,
    /// One past the last glyph.
    pub(super) end: usize,
}

/// A normalised text.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    pub(super) glyphs: Vec<Glyph>,
    pub(super) words: Vec<Word>,
}

impl Text {
    /// Normalises texts one after the other; no word and no run of words reaches across two of them.
    pub(super) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut all = Text::default();
        for text in texts {
            normalise(text, &mut all.glyphs);
            all.glyphs.push(Glyph::BREAK);
        }
        all.words = words(&all.glyphs);
        all
    }

    /// Share of upper-case characters among the letters and digits.
    pub(super) fn upper_share(&self) -> f64 {
        upper_share(&self.glyphs)
    }
}

pub(super) fn upper_share(glyphs: &[Glyph]) -> f64 {
    let letters = glyphs.iter().filter(|g| g.is_word()).count();
    let upper = glyphs.iter().filter(|g| g.0 & UPPER != 0).count();
    if letters == 0 { 0.0 } else { upper as f64 / letters as f64 }
}

/// Appends a normalised text; white space at its ends stays as one space.
pub(super) fn normalise(text: &str, out: &mut Vec<Glyph>) {
    let mut space = false;
    if text.is_ascii() {
        let ascii = &*ASCII;
        out.reserve(text.len());
        for byte in text.bytes() {
            match ascii.get(usize::from(byte)) {
                Some(Form::Glyph(glyph)) => {
                    if std::mem::take(&mut space) {
                        out.push(Glyph::BREAK);
                    }
                    out.push(*glyph);
                }
                Some(Form::Space) => space = true,
                Some(Form::Nothing) | None => {}
            }
        }
    } else {
        for c in text.nfkc() {
            let known = u8::try_from(c).ok().and_then(|byte| ASCII.get(usize::from(byte)));
            match known.copied().unwrap_or_else(|| form(c)) {
                Form::Space => space = true,
                Form::Nothing => {}
                Form::Glyph(_) => {
                    if std::mem::take(&mut space) {
                        out.push(Glyph::BREAK);
                    }
                    let folded = fold(c);
                    out.extend(folded.to_lowercase().map(|lower| Glyph::new(lower, folded.is_uppercase())));
                }
            }
        }
    }
    if space {
        out.push(Glyph::BREAK);
    }
}

/// What becomes of a character.
#[derive(Clone, Copy)]
enum Form {
    Nothing,
    /// One space, with all others next to it.
    Space,
    /// The first of its glyphs, of an ASCII character the only one.
    Glyph(Glyph),
}

static ASCII: LazyLock<[Form; 128]> = LazyLock::new(|| {
    std::array::from_fn(|byte| u8::try_from(byte).map_or(Form::Nothing, |byte| form(char::from(byte))))
});

fn form(c: char) -> Form {
    if c.is_whitespace() || c.is_control() {
        return Form::Space;
    }
    if is_ignorable(c) || is_markdown(c) {
        return Form::Nothing;
    }
    let folded = fold(c);
    let first = folded.to_lowercase().next().map(|lower| Glyph::new(lower, folded.is_uppercase()));
    first.map_or(Form::Nothing, Form::Glyph)
}

/// Finds the words of a run of glyphs.
pub(super) fn words(glyphs: &[Glyph]) -> Vec<Word> {
    let mut words = Vec::new();
    each_word(glyphs, |word| words.push(word));
    words
}

/// Does something with every word of a run of glyphs.
pub(super) fn each_word(glyphs: &[Glyph], mut found: impl FnMut(Word)) {
    let mut open: Option<Word> = None;
    for (at, glyph) in glyphs.iter().enumerate() {
        if glyph.is_word() {
            let word = open.get_or_insert(Word { hash: EMPTY, start: at, end: at });
            word.hash = glyph.hash_into(word.hash);
            word.end = at + 1;
        } else {
            open.take().into_iter().for_each(&mut found);
        }
    }
    open.into_iter().for_each(found);
}

/// Start of a hash; see [`mix`].
pub(super) const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds a value to a hash; no security rests on it.
pub(super) fn mix(hash: u64, value: u64) -> u64 {
    (hash ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}

/// Characters that Markdown uses for form; a paste as plain text drops them.
fn is_markdown(c: char) -> bool {
    matches!(c, '*' | '`' | '#' | '_' | '~' | '|' | '>')
}

/// Unicode's Default_Ignorable_Code_Point, and what is noncharacter or private in practice.
pub(super) fn is_ignorable(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{fffd}' | '\u{e0000}'..='\u{e0fff}')
}

/// Folds quotes, dashes and Cyrillic and Greek letters that look Latin.
pub(super) fn fold(c: char) -> char {
    match c {
        '"' | '\u{2018}'..='\u{201f}' | '\u{2032}'..='\u{2036}' | '«' | '»' | '‹' | '›' | '´' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '•' | '‣' | '◦' | '·' => '-',
        'а' => 'a',
        'е' | 'ё' => 'e',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'с' | 'ϲ' => 'c',
        'у' => 'y',
        'х' => 'x',
        'і' | 'ı' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'һ' => 'h',
        'ԁ' => 'd',
        'ԛ' => 'q',
        'ԝ' => 'w',
        'ν' => 'v',
        'ɡ' => 'g',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut glyphs = Vec::new();
        normalise(text, &mut glyphs);
        glyphs.iter().filter_map(|g| char::from_u32(g.0 & CHARACTER)).collect()
    }

    #[test]
    fn paste_and_reflow_change_nothing() {
        let original = "The **`relay`** keeps – or \"loses\" – one\n  slot.";
        let pasted = "The relay keeps - or \u{201c}loses\u{201d} — one slot.";
        assert_eq!(plain(original), plain(pasted));
    }

    #[test]
    fn look_alikes_and_invisibles_fold() {
        assert_eq!(plain("р\u{200b}а\u{ad}ss"), "pass");
        assert_eq!(plain("ﬁle①"), "file1");
        assert_eq!(plain("a\u{0}\u{1}b"), "a b");
    }

    #[test]
    fn case_is_kept_aside() {
        let text = Text::of(["Relay relay"]);
        let (upper, lower) = (text.glyphs[0], text.glyphs[6]);
        assert!(upper.matches(lower));
        assert_eq!(upper.instead(lower, Case::Counts), CASE);
        assert_eq!(upper.instead(lower, Case::Lost), 0);
        assert_eq!(text.words[0].hash, text.words[1].hash);
    }

    #[test]
    fn words_do_not_cross_files() {
        let text = Text::of(["one", "two"]);
        let found: Vec<(usize, usize)> = text.words.iter().map(|word| (word.start, word.end)).collect();
        assert_eq!(found, [(0, 3), (4, 7)]);
    }
}
