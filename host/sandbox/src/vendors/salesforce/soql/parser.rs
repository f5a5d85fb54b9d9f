//! The text of a query, read.

use serde_json::Value;

use super::{Condition, Order, Query, ROLES};
use crate::vendors::salesforce::objects::{Kind, Type};
use crate::vendors::salesforce::org::Org;
use crate::vendors::salesforce::records::is_id;
use crate::vendors::salesforce::refused::Refused;

/// How deep queries and brackets may be nested. Protects the stack.
const DEPTH_MAX: usize = 10;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// A name, a keyword or a number.
    Word(String),
    Text(String),
    Sign(char),
}

struct Parser<'a> {
    tokens: &'a [Token],
    org: &'a Org,
    depth: usize,
}

/// Reads a query, or refuses it as Salesforce does.
pub(in crate::vendors::salesforce) fn parse(soql: &str, org: &Org) -> Result<Query, Refused> {
    let tokens = tokens(soql)?;
    let mut parser = Parser { tokens: &tokens, org, depth: 0 };
    let query = parser.query()?;
    match parser.tokens.first() {
        None => Ok(query),
        Some(token) => Err(Refused::query(&format!("unexpected token: {token:?}"))),
    }
}

impl Parser<'_> {
    fn query(&mut self) -> Result<Query, Refused> {
        self.expect("SELECT")?;
        let (mut fields, mut children) = (Vec::new(), Vec::new());
        loop {
            match self.sign('(') {
                true => children.push(self.child()?),
                false => fields.push(self.name()?),
            }
            if !self.sign(',') {
                break;
            }
        }
        self.expect("FROM")?;
        let object = self.name()?;
        // The roles of an opportunity, by the name of their relationship.
        let singular = if object == ROLES { ROLES.trim_end_matches('s') } else { &object };
        let kind = self.org.object(singular).ok_or_else(|| {
            let message = format!("sObject type '{object}' is not supported.");
            Refused::new(http::StatusCode::BAD_REQUEST, "INVALID_TYPE", &message)
        })?;
        for field in &fields {
            self.known(&kind, field)?;
        }
        let condition = if self.word("WHERE") { Some(self.condition(&kind)?) } else { None };
        let order = if self.word("ORDER") { self.order(&kind)? } else { Vec::new() };
        let limit = match self.word("LIMIT") {
            false => None,
            true => Some(self.name()?.parse().map_err(|_| Refused::query("LIMIT wants a number"))?),
        };
        Ok(Query { kind, fields, children, condition, order, limit })
    }

    /// A query for what belongs to each record, up to its bracket.
    fn child(&mut self) -> Result<Query, Refused> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Refused::query("the query is nested too deep"));
        }
        let child = self.query()?;
        self.close()?;
        self.depth -= 1;
        match child.kind {
            Kind::Role => Ok(child),
            _ => Err(Refused::not_played("this relationship in SOQL")),
        }
    }

    /// Terms joined by `AND`, or by `OR`: Salesforce wants brackets where both are.
    fn condition(&mut self, kind: &Kind) -> Result<Condition, Refused> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Refused::query("the query is nested too deep"));
        }
        let mut terms = vec![self.term(kind)?];
        let joined = ["AND", "OR"].into_iter().find(|word| self.word(word));
        if let Some(word) = joined {
            terms.push(self.term(kind)?);
            while self.word(word) {
                terms.push(self.term(kind)?);
            }
            if self.word("AND") || self.word("OR") {
                return Err(Refused::query("unexpected token: AND and OR have to be set apart with brackets"));
            }
        }
        self.depth -= 1;
        Ok(if joined == Some("OR") { Condition::Any(terms) } else { Condition::All(terms) })
    }

    fn term(&mut self, kind: &Kind) -> Result<Condition, Refused> {
        if self.sign('(') {
            let condition = self.condition(kind)?;
            self.close()?;
            return Ok(condition);
        }
        let field = self.name()?;
        let of = self.known(kind, &field)?;
        if of == Type::TextArea {
            return Err(Refused::field(&format!("field '{field}' can not be filtered in a query call")));
        }
        if self.sign('>') && self.sign('=') {
            if of != Type::Instant {
                return Err(Refused::not_played("this operator of this field in SOQL"));
            }
            let from = self.name()?;
            let from = from.parse().map_err(|_| Refused::query(&format!("{from} is no dateTime")))?;
            return Ok(Condition::Since { field, from });
        }
        if self.sign('=') {
            let value = self.value()?;
            check_criterion(&field, &of, &value)?;
            return Ok(Condition::Is { field, value });
        }
        if self.word("LIKE") {
            let Value::String(pattern) = self.value()? else { return Err(Refused::query("LIKE wants a text")) };
            return Ok(Condition::Like { field, pattern });
        }
        if self.word("IN") && self.sign('(') {
            let among = Box::new(self.query()?);
            self.close()?;
            return Ok(Condition::In { field, among });
        }
        Err(Refused::not_played("this operator in SOQL"))
    }

    fn order(&mut self, kind: &Kind) -> Result<Vec<Order>, Refused> {
        self.expect("BY")?;
        let mut order = Vec::new();
        loop {
            let field = self.name()?;
            self.known(kind, &field)?;
            let descending = self.word("DESC") || {
                self.word("ASC");
                false
            };
            let nulls_last = self.word("NULLS")
                && (self.word("LAST") || {
                    self.expect("FIRST")?;
                    false
                });
            order.push(Order { field, descending, nulls_last });
            if !self.sign(',') {
                return Ok(order);
            }
        }
    }

    /// What a field holds that the object has.
    fn known(&self, kind: &Kind, field: &str) -> Result<Type, Refused> {
        let unknown = || Refused::field(&format!("No such column '{field}' on entity '{}'.", kind.name()));
        self.org.asked(kind, field).ok_or_else(unknown)
    }

    fn value(&mut self) -> Result<Value, Refused> {
        match self.next() {
            Some(Token::Text(text)) => Ok(text.into()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Ok(true.into()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Ok(false.into()),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Ok(Value::Null),
            other => Err(Refused::query(&format!("unexpected token: {other:?}"))),
        }
    }

    fn name(&mut self) -> Result<String, Refused> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(Refused::query(&format!("unexpected token: {other:?}"))),
        }
    }

    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first.clone())
    }

    fn word(&mut self, wanted: &str) -> bool {
        self.take(|token| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted)))
    }

    fn sign(&mut self, wanted: char) -> bool {
        self.take(|token| *token == Token::Sign(wanted))
    }

    fn take(&mut self, fits: impl Fn(&Token) -> bool) -> bool {
        match self.tokens.split_first() {
            Some((first, rest)) if fits(first) => {
                self.tokens = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, word: &str) -> Result<(), Refused> {
        if self.word(word) { Ok(()) } else { Err(Refused::query(&format!("expecting {word}"))) }
    }

    fn close(&mut self) -> Result<(), Refused> {
        if self.sign(')') { Ok(()) } else { Err(Refused::query("expecting a right parentheses")) }
    }
}

/// Refuses a text for what holds none.
fn check_criterion(field: &str, of: &Type, value: &Value) -> Result<(), Refused> {
    let Some(text) = value.as_str() else { return Ok(()) };
    let other = match of {
        Type::Date => "date",
        Type::Instant => "dateTime",
        Type::Checkbox => "boolean",
        Type::Number => "double",
        of if of.is_id() && !is_id(text) => return Err(Refused::filter(&format!("invalid ID field: {text}"))),
        _ => return Ok(()),
    };
    let quoted = format!("must be of type {other} and should not be enclosed in quotes");
    Err(Refused::field(&format!("value of filter criterion for field '{field}' {quoted}")))
}

fn tokens(soql: &str) -> Result<Vec<Token>, Refused> {
    let mut tokens = Vec::new();
    let mut rest = soql.chars().peekable();
    while let Some(first) = rest.next() {
        match first {
            blank if blank.is_whitespace() => {}
            '(' | ')' | ',' | '=' | '>' => tokens.push(Token::Sign(first)),
            '\'' => {
                let mut text = String::new();
                loop {
                    match rest.next() {
                        Some('\'') => break,
                        Some('\\') => text.push(match rest.next() {
                            Some('n') => '\n',
                            Some('r') => '\r',
                            Some('t') => '\t',
                            Some(quoted @ ('\'' | '"' | '\\' | '_' | '%')) => quoted,
                            _ => return Err(Refused::query("illegal escape sequence in string")),
                        }),
                        Some(other) => text.push(other),
                        None => return Err(Refused::query("a string is not closed")),
                    }
                }
                tokens.push(Token::Text(text));
            }
            letter if letter.is_alphanumeric() => {
                let mut word = letter.to_string();
                // What begins with a digit may be an instant.
                let joins = if letter.is_ascii_digit() { "_.:-" } else { "_." };
                while let Some(next) = rest.next_if(|next| next.is_alphanumeric() || joins.contains(*next)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            other => return Err(Refused::query(&format!("unexpected character: {other}"))),
        }
    }
    Ok(tokens)
}
