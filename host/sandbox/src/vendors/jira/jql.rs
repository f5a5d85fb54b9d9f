//! Jira's query language, as far as integrations use it to find what they made: terms joined by `AND`, and by `OR` in
//! brackets. <https://support.atlassian.com/jira-software-cloud/docs/jql-fields/>

use super::document;
use super::issue::Issue;

pub(super) struct Query {
    /// All have to fit.
    terms: Vec<Term>,
    pub(super) newest_first: bool,
}

enum Term {
    /// A field, and the value that it has.
    Is(Field, String),
    /// Not done, which no issue here ever is.
    IsOpen,
    Any(Vec<Term>),
}

#[derive(Clone, Copy)]
enum Field {
    Project,
    Label,
    /// Contains these words.
    Summary,
    Description,
}

#[derive(Debug)]
pub(super) enum Error {
    Syntax(String),
    /// The real Jira would take it.
    NotPlayed(String),
}

#[derive(Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(String),
}

struct Parser<'a> {
    tokens: &'a [Token],
}

pub(super) fn parse(jql: &str) -> Result<Query, Error> {
    let tokens = tokens(jql)?;
    let mut parser = Parser { tokens: &tokens };
    if tokens.is_empty() || parser.peek_word("order") {
        let why = "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.";
        return Err(Error::Syntax(why.to_owned()));
    }
    let mut terms = vec![parser.term()?];
    while parser.take_word("and") {
        terms.push(parser.term()?);
    }
    if parser.peek_word("or") {
        return Err(Error::NotPlayed("OR outside of brackets".to_owned()));
    }
    let newest_first = if parser.take_word("order") {
        let sound = parser.take_word("by") && parser.take_word("created");
        if !sound {
            return Err(Error::NotPlayed("an order but by created".to_owned()));
        }
        parser.take_word("desc") || {
            parser.take_word("asc");
            false
        }
    } else {
        true
    };
    match parser.tokens {
        [] => Ok(Query { terms, newest_first }),
        _ => Err(Error::Syntax("Expecting either 'OR' or 'AND'".to_owned())),
    }
}

impl Query {
    /// The projects that it names.
    pub(super) fn projects(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match term {
            Term::Is(Field::Project, key) => Some(key.as_str()),
            _ => None,
        })
    }

    pub(super) fn fits(&self, issue: &Issue, project: &str) -> bool {
        self.terms.iter().all(|term| term.fits(issue, project))
    }
}

impl Term {
    fn fits(&self, issue: &Issue, project: &str) -> bool {
        match self {
            Term::Is(Field::Project, key) => key == project,
            Term::Is(Field::Label, label) => issue.labels.contains(label),
            Term::Is(Field::Summary, words) => contains(&issue.summary, words),
            Term::Is(Field::Description, words) => contains(&document::text(&issue.description), words),
            Term::IsOpen => true,
            Term::Any(terms) => terms.iter().any(|term| term.fits(issue, project)),
        }
    }
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn peek_word(&self, word: &str) -> bool {
        matches!(self.tokens.first(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.peek_word(word);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.tokens.first(), Some(Token::Sign(found)) if found == sign);
        if found {
            self.tokens = &self.tokens[1..];
        }
        found
    }

    fn term(&mut self) -> Result<Term, Error> {
        if self.take_sign("(") {
            let mut terms = vec![self.term()?];
            while self.take_word("or") {
                terms.push(self.term()?);
            }
            return match self.take_sign(")") {
                true => Ok(Term::Any(terms)),
                false => Err(Error::Syntax("Expecting ')'".to_owned())),
            };
        }
        let (Some(Token::Word(field)), Some(Token::Sign(sign)), Some(Token::Word(value) | Token::Text(value))) =
            (self.next(), self.next(), self.next())
        else {
            return Err(Error::Syntax("Expecting a field, an operator and a value".to_owned()));
        };
        let field = match (field.to_lowercase().as_str(), sign.as_str()) {
            ("project", "=") => Field::Project,
            ("labels", "=") => Field::Label,
            ("statuscategory", "!=") if value.eq_ignore_ascii_case("done") => return Ok(Term::IsOpen),
            ("summary", "~") => Field::Summary,
            ("description", "~") => Field::Description,
            (field, sign) => return Err(Error::NotPlayed(format!("{field} {sign} in JQL"))),
        };
        Ok(Term::Is(field, value))
    }
}

fn tokens(jql: &str) -> Result<Vec<Token>, Error> {
    let mut tokens = Vec::new();
    let mut rest = jql.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            blank if blank.is_whitespace() => {}
            '(' | ')' | '=' | '~' => tokens.push(Token::Sign(first.to_string())),
            '!' if rest.next_if_eq(&'=').is_some() => tokens.push(Token::Sign("!=".to_owned())),
            '"' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        Some('"') => break,
                        Some('\\') => text.extend(rest.next()),
                        Some(other) => text.push(other),
                        None => return Err(Error::Syntax("The quoted string has not been completed.".to_owned())),
                    }
                }
                tokens.push(Token::Text(text));
            }
            letter if letter.is_alphanumeric() => {
                let mut word = letter.to_string();
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || "_-.".contains(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            other => {
                let why =
                    format!("The character '{other}' is a reserved JQL character. You must enclose it in a string");
                return Err(Error::Syntax(why));
            }
        }
    }
    Ok(tokens)
}

/// Whether a text has a phrase: its words one after the other, in capital or small letters.
fn contains(text: &str, phrase: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let part = |letter: char| letter.is_alphanumeric() || "@.+_-".contains(letter);
        let words = text.split(move |letter| !part(letter)).map(|word| word.trim_matches(['.', '-']).to_lowercase());
        words.filter(|word| !word.is_empty()).collect()
    };
    let (text, wanted) = (words(text), words(phrase));
    !wanted.is_empty() && text.windows(wanted.len()).any(|window| window == wanted)
}
