//! Prose as sentences, clauses and words: no grammar, only what punctuation and conjunctions show.

/// Most words of one clause, and most clauses of one sentence. What is longer is cut: protects the host from an account
/// whose every word would have to be read with every other.
const CLAUSE_WORDS_MAX: usize = 64;
const SENTENCE_CLAUSES_MAX: usize = 64;

/// Full stops after these end nothing.
const ABBREVIATIONS: &[&str] = &["dr", "eg", "ie", "mr", "mrs", "ms", "prof", "st"];

/// Conjunctions after which a clause has nothing from the one before.
const APART: &[&str] =
    &["although", "because", "but", "however", "since", "so", "therefore", "though", "whereas", "while"];

/// Two words that are written as one as well.
const PAIRS: &[(&str, &str, &str)] =
    &[("call", "back", "callback"), ("on", "call", "oncall"), ("set", "up", "setup"), ("follow", "up", "followup")];

#[derive(Default)]
pub(super) struct Sentence {
    pub(super) clauses: Vec<Clause>,
    /// Whether it is a question.
    pub(super) asks: bool,
}

#[derive(Default)]
pub(super) struct Clause {
    /// What parts it from the clause before.
    pub(super) joint: Joint,
    /// In small letters, without contractions: "couldn't" is "could", "not"; "I've" is "i".
    pub(super) words: Vec<String>,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// A conjunction or a semicolon: it stands alone.
    #[default]
    Apart,
    /// A colon or a dash, as after a heading.
    Heading,
    /// A comma, a bracket, "and", "or".
    List,
}

/// What stands in double quotes is left out: it is somebody else's, or the text of a message.
pub(super) fn sentences(text: &str) -> Vec<Sentence> {
    let mut reader = Reader::default();
    for line in text.lines() {
        reader.line(&unquoted(line).chars().collect::<Vec<_>>());
    }
    reader.read
}

fn unquoted(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some((at, quote)) = rest.char_indices().find(|(_, c)| ['"', '“', '«'].contains(c)) {
        let close = match quote {
            '“' => '”',
            '«' => '»',
            _ => '"',
        };
        let Some((_, after)) = rest[at + quote.len_utf8()..].split_once(close) else { break };
        kept.push_str(&rest[..at]);
        kept.push(' ');
        rest = after;
    }
    kept + rest
}

#[derive(Default)]
struct Reader {
    read: Vec<Sentence>,
    sentence: Sentence,
    clause: Clause,
    word: String,
}

impl Reader {
    fn line(&mut self, line: &[char]) {
        for (at, &c) in line.iter().enumerate() {
            let before = at.checked_sub(1).map_or(' ', |at| line[at]);
            let after = line.get(at + 1).copied().unwrap_or(' ');
            self.char(before, c, after);
        }
        self.end_sentence(false);
    }

    fn char(&mut self, before: char, c: char, after: char) {
        let within = before.is_alphanumeric() && after.is_alphanumeric();
        match c {
            '_' => self.word.push(c),
            c if c.is_alphanumeric() => self.word.extend(c.to_lowercase()),
            '\'' | '’' if within => self.word.push('\''),
            '-' | '\u{2011}' if within => {}
            '.' | ',' | ':' if before.is_ascii_digit() && after.is_ascii_digit() => {}
            '.' if !after.is_alphanumeric() && self.is_abbreviation() => self.end_word(),
            '.' | '!' | '?' if !after.is_alphanumeric() => self.end_sentence(c == '?'),
            ',' | '(' | ')' | '&' => self.end_clause(Joint::List),
            ':' | '|' | '–' | '—' | '-' | '→' => self.end_clause(Joint::Heading),
            ';' | '…' => self.end_clause(Joint::Apart),
            '❌' | '✗' | '✘' | '⚠' => {
                self.end_word();
                self.push("not");
            }
            _ => self.end_word(),
        }
    }

    fn is_abbreviation(&self) -> bool {
        ABBREVIATIONS.contains(&self.word.as_str())
            || self.word.chars().all(char::is_alphabetic) && self.word.len() == 1
    }

    fn end_word(&mut self) {
        let word = std::mem::take(&mut self.word);
        let (stem, rest) = match word.trim_matches('_').split_once('\'') {
            Some((stem, "t")) => (stem.strip_suffix('n').unwrap_or(stem), "not"),
            Some((stem, "ll")) => (stem, "will"),
            Some((stem, "d")) => (stem, "would"),
            Some((stem, "re")) => (stem, "are"),
            Some((stem, _)) => (stem, ""),
            None => (word.trim_matches('_'), ""),
        };
        for word in [stem, rest] {
            self.push(word);
        }
    }

    fn push(&mut self, word: &str) {
        match word {
            "" => return,
            "and" | "or" | "plus" | "then" => return self.end_clause(Joint::List),
            _ if APART.contains(&word) => return self.end_clause(Joint::Apart),
            "nor" => self.end_clause(Joint::List),
            _ if self.clause.words.len() == CLAUSE_WORDS_MAX => self.end_clause(Joint::List),
            _ => {}
        }
        let before = self.clause.words.last().map_or("", String::as_str);
        let pair = PAIRS.iter().find(|(first, second, _)| (*first, *second) == (before, word));
        if pair.is_some() {
            self.clause.words.pop();
        }
        self.clause.words.push(pair.map_or(word, |pair| pair.2).to_owned());
    }

    /// `next` is what parts the clause from the next. Of several, the one that parts most.
    fn end_clause(&mut self, next: Joint) {
        if !self.word.is_empty() {
            self.end_word();
        }
        if self.clause.words.is_empty() {
            if next == Joint::Apart || self.clause.joint == Joint::List {
                self.clause.joint = next;
            }
            return;
        }
        let clause = std::mem::replace(&mut self.clause, Clause { joint: next, words: Vec::new() });
        self.sentence.clauses.push(clause);
        if self.sentence.clauses.len() == SENTENCE_CLAUSES_MAX {
            self.end_sentence(false);
        }
    }

    fn end_sentence(&mut self, asks: bool) {
        self.end_clause(Joint::Apart);
        self.clause = Clause::default();
        let sentence = Sentence { asks, ..std::mem::take(&mut self.sentence) };
        if !sentence.clauses.is_empty() {
            self.read.push(sentence);
        }
    }
}
