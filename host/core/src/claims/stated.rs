//! What a sentence states as done by the model: a verb in its past form, and the things that it was done to.

use std::collections::HashSet;

use super::{
    prose::{Clause, Joint, Sentence},
    words::{self, is_adverb, is_auxiliary},
};

/// The words that matter, over all tools.
pub(super) struct Vocabulary<'a> {
    pub(super) verbs: HashSet<&'a str>,
    /// Also those of no tool: "a note on the contact" is about a note even where no tool makes notes.
    pub(super) things: HashSet<&'a str>,
}

pub(super) struct Stated<'a> {
    pub(super) verb: &'a str,
    pub(super) things: Vec<&'a str>,
}

/// Who or what the clauses of a sentence are about, for those that don't say it again: "and booked a visit".
#[derive(Clone, Copy, PartialEq, Eq)]
enum Subject {
    Us,
    /// Somebody or something else, or what we only would or could.
    Other,
}

/// What ends a list of things.
#[derive(PartialEq, Eq)]
enum End {
    /// The clause: the next may go on with it.
    Clause,
    /// "To Dana": a new thing may follow, "and an email to Lee".
    Preposition,
    /// "With her address": what follows may be in the message.
    Content,
}

/// All that a sentence states, in order.
pub(super) fn stated<'a>(sentence: &'a Sentence, vocabulary: &'a Vocabulary<'a>) -> Vec<Stated<'a>> {
    let mut stated = Vec::new();
    let mut subject = None;
    let mut lead = 0;
    for (at, clause) in sentence.clauses.iter().enumerate() {
        if clause.joint == Joint::Apart {
            (subject, lead) = (None, at);
        }
        let reader = Reader { vocabulary, sentence, clause, at, lead, subject };
        if !reader.has_verb(clause) {
            continue;
        }
        for (verb, word) in clause.words.iter().enumerate() {
            if vocabulary.verbs.contains(word.as_str())
                && let Some(things) = reader.things_done(verb)
            {
                stated.push(Stated { verb: word, things });
            }
        }
        (subject, lead) = (Some(reader.subject_after()), at + 1);
    }
    stated
}

/// Reads one clause that has a verb.
struct Reader<'a> {
    vocabulary: &'a Vocabulary<'a>,
    sentence: &'a Sentence,
    clause: &'a Clause,
    at: usize,
    /// From here to `at`, clauses have no verb: they are a heading, or the beginning of this one.
    lead: usize,
    /// Of the clause with a verb before this one.
    subject: Option<Subject>,
}

impl<'a> Reader<'a> {
    /// The things that the verb at this place was done to by the model, as far as the clause says so.
    fn things_done(&self, verb: usize) -> Option<Vec<&'a str>> {
        let (before, after) = (&self.clause.words[..verb], &self.clause.words[verb + 1..]);
        let doer = before.iter().rfind(|word| !is_adverb(word) && !words::HAVE.contains(&word.as_str()));
        let is_ours = doer.is_some_and(|word| words::US.contains(&word.as_str()));
        let things = match doer {
            Some(_) if is_ours => self.objects(after),
            Some(word) if words::BE.contains(&word.as_str()) => self.subjects(before, after),
            Some(_) if self.is_headline(before, after) => self.things(before).0,
            Some(_) => return None,
            None if self.subject == Some(Subject::Other) => return None,
            None if self.subject.is_none() && self.lead < self.at => self.headed(after),
            None => self.objects(after),
        };
        // `texted` is its own thing.
        let things = self.thing(&self.clause.words[verb]).map_or(things, |solo| vec![solo]);
        let is_it = |word: &String| self.thing(word).is_some_and(|thing| things.contains(&thing));
        let wished = any(&before[..before.iter().position(is_it).unwrap_or(verb)], words::WISHES);
        // "With no email on file, I sent a text" denies the email alone.
        let denied = denies(before)
            || any(&after[..after.iter().position(is_it).unwrap_or(0)], words::DENIALS)
            || (!is_ours && self.leads().any(|clause| denies(&clause.words)));
        let ours = !wished && !denied && !self.was_before(before, after) && !self.failed_then();
        (ours && !things.is_empty()).then_some(things)
    }

    /// "(I) sent Dana a text, an email and ...".
    fn objects(&self, after: &'a [String]) -> Vec<&'a str> {
        let (mut things, end) = self.things(after);
        let more = self.following().take_while(|clause| clause.joint == Joint::List && !self.has_verb(clause));
        if end == End::Content || !self.list_is_objects() {
            return things;
        }
        for clause in more {
            let first = clause.words[0].as_str();
            let is_new = ["a", "an", "another"].contains(&first);
            let is_thing = words::DETERMINERS.contains(&first) || self.thing(first).is_some();
            if is_new || (end == End::Clause && is_thing) {
                things.extend(self.things(&clause.words).0);
            }
        }
        things
    }

    /// Whether what follows the clause as a list belongs to it, not to the clause after: "and an email and ticket failed".
    fn list_is_objects(&self) -> bool {
        let next = self.following().find(|clause| clause.joint != Joint::List || self.has_verb(clause));
        next.is_none_or(|next| {
            let first = next.words.iter().find(|word| !is_adverb(word)).map_or("", String::as_str);
            next.joint != Joint::List || words::US.contains(&first) || self.is_verb(first)
        })
    }

    /// "The text, the email and the ticket were sent"; "She was sent a text"; "I see that a text was sent".
    fn subjects(&self, before: &'a [String], after: &'a [String]) -> Vec<&'a str> {
        let is_relative = |word: &String| words::RELATIVES.contains(&word.as_str());
        let ends_another = |word: &String| is_relative(word) || (self.is_verb(word) && !is_auxiliary(word));
        let begins = before.iter().rposition(ends_another).map_or(0, |at| at + 1);
        let (another, own) = before.split_at(begins);
        if another.last().is_some_and(is_relative) && own.iter().all(|word| is_auxiliary(word) || is_adverb(word)) {
            // "The email that was sent" says which email, not what was done now.
            return Vec::new();
        }
        let mut things = self.things(own).0;
        if another.is_empty() && self.clause.joint == Joint::List {
            things.extend(self.led());
        }
        // "The text she asked for was sent": the nearest verb was only a description.
        [things, self.things(before).0, self.things(after).0]
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// "SMS sent": begins with no article, and the verb has no other beside it.
    fn is_headline(&self, before: &[String], after: &[String]) -> bool {
        let first = before.first().map_or("", String::as_str);
        let last = before.iter().rfind(|word| !is_adverb(word)).map_or("", String::as_str);
        let is_one_noun = any(before, words::PREPOSITIONS)
            || last.starts_with(|c: char| c.is_ascii_digit())
            || self.thing(last).is_some();
        let is_under_denial = self.clause.joint == Joint::Heading && self.subject == Some(Subject::Other);
        is_one_noun
            && !is_under_denial
            && ![words::DETERMINERS, words::PEOPLE, words::US].iter().any(|words| words.contains(&first))
            && !before.iter().any(|word| self.is_verb(word))
            && !after.iter().any(|word| is_auxiliary(word))
    }

    /// "SMS: sent"; "Ticket (12) created"; "Done: sent a text".
    fn headed(&self, after: &'a [String]) -> Vec<&'a str> {
        let is_heading = self.clause.joint == Joint::Heading;
        // "The caller, Dana, booked a visit".
        if !is_heading && self.leads().any(|clause| words::DETERMINERS.contains(&clause.words[0].as_str())) {
            return Vec::new();
        }
        let has_object = after.first().is_some_and(|word| !words::PREPOSITIONS.contains(&word.as_str()));
        let objects = if is_heading && has_object { self.objects(after) } else { Vec::new() };
        if objects.is_empty() { self.led().collect() } else { objects }
    }

    /// The things that are named first. What a preposition or a verb adds to them only describes them.
    fn things(&self, words: &'a [String]) -> (Vec<&'a str>, End) {
        let mut things = Vec::new();
        for (at, word) in words.iter().enumerate() {
            let next = words.get(at + 1).map_or("", String::as_str);
            let word = word.as_str();
            if let Some(thing) = self.thing(word) {
                // An email address is no email.
                if !next.starts_with("address") {
                    things.push(thing);
                }
            } else if words::CONTENTS.contains(&word) || words::RELATIVES.contains(&word) || word.ends_with("ing") {
                return (things, End::Content);
            } else if !things.is_empty() && words::PREPOSITIONS.contains(&word) && !words::CHANNELS.contains(&next) {
                return (things, End::Preposition);
            } else if !things.is_empty() && (self.is_verb(word) || words::PEOPLE.contains(&word)) {
                return (things, End::Content);
            }
        }
        (things, End::Clause)
    }

    /// Whether it was done on the call or earlier, or by somebody else.
    fn was_before(&self, before: &[String], after: &[String]) -> bool {
        let end = after.iter().position(|word| self.is_verb(word)).unwrap_or(after.len());
        let next = self.following().next().filter(|next| next.joint == Joint::List && !self.has_verb(next));
        let told = [before, &after[..end], next.map_or(&[], |next| &next.words)];
        let lead = self.leads().map(|clause| clause.words.as_slice());
        told.into_iter().chain(lead).any(|words| any(words, words::BEFORE) || on_the_call(words))
            || after[..end].split(|word| word == "by").skip(1).any(|by| any(&by[..by.len().min(2)], words::PEOPLE))
    }

    /// "..., but it failed".
    fn failed_then(&self) -> bool {
        let next = self.following().find(|clause| self.has_verb(clause));
        next.is_some_and(|next| {
            words::IT.contains(&next.words[0].as_str())
                && (any(&next.words, words::FAILURES) || any(&next.words, words::DENIALS))
        })
    }

    /// The subject that the next clause has if it names none.
    fn subject_after(&self) -> Subject {
        let first = self.clause.words.iter().position(|word| self.is_verb(word)).unwrap_or(0);
        let doer = self.clause.words[..first].iter().rfind(|word| !is_adverb(word));
        let begins = &self.clause.words[..self.clause.words.len().min(first + 3)];
        match doer.map(String::as_str) {
            _ if denies(begins) || any(begins, words::WISHES) => Subject::Other,
            Some(word) if words::US.contains(&word) => Subject::Us,
            None => self.subject.unwrap_or(Subject::Us),
            Some(_) => Subject::Other,
        }
    }

    /// The thing that a word names, be it one or several.
    fn thing(&self, word: &str) -> Option<&'a str> {
        let known = |word| self.vocabulary.things.get(word).copied();
        known(word).or_else(|| known(word.strip_suffix('s')?))
    }

    fn leads(&self) -> impl Iterator<Item = &'a Clause> {
        self.sentence.clauses[self.lead..self.at].iter()
    }

    /// The things that the leads name.
    fn led(&self) -> impl Iterator<Item = &'a str> {
        self.leads().flat_map(|clause| self.things(&clause.words).0)
    }

    fn following(&self) -> impl Iterator<Item = &'a Clause> {
        self.sentence.clauses[self.at + 1..].iter()
    }

    fn has_verb(&self, clause: &Clause) -> bool {
        clause.words.iter().any(|word| self.is_verb(word) || words::US.contains(&word.as_str()))
    }

    fn is_verb(&self, word: &str) -> bool {
        self.vocabulary.verbs.contains(word) || words::is_verb(word)
    }
}

fn any(words: &[String], among: &[&str]) -> bool {
    words.iter().any(|word| among.contains(&word.as_str()))
}

fn denies(words: &[String]) -> bool {
    any(words, words::DENIALS) || words.windows(2).any(|pair| words::DENIALS_OF_TWO.iter().any(|denial| pair == denial))
}

/// "On the call", "before our conversation".
fn on_the_call(words: &[String]) -> bool {
    words.windows(3).any(|three| {
        ["before", "in", "on", "within"].contains(&three[0].as_str())
            && words::DETERMINERS.contains(&three[1].as_str())
            && ["call", "conversation", "line", "phone"].contains(&three[2].as_str())
    }) || words
        .windows(2)
        .any(|pair| pair[0] == "last" && ["month", "time", "week", "year"].contains(&pair[1].as_str()))
}
