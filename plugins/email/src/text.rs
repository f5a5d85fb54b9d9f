//! What a model writes: refused where an email can't say it as it is.

use aftercall::Failure;

/// Longest subject, in bytes: a line of a message has no more (RFC 5322, section 2.1.1).
const SUBJECT_BYTES_MAX: usize = 998;
/// Longest text, in characters. Protects the reader.
const TEXT_CHARS_MAX: usize = 20_000;

pub(crate) fn check_subject(subject: &str) -> Result<(), Failure> {
    if subject.contains(char::is_control) {
        return Err(Failure::invalid_arguments(
            "subject: it has a line break or another control character; write it in one line",
        ));
    }
    if subject.len() > SUBJECT_BYTES_MAX {
        return Err(Failure::invalid_arguments(format!(
            "subject: it has more than {SUBJECT_BYTES_MAX} bytes; say it in a few words, and the rest in the text"
        )));
    }
    Ok(())
}

pub(crate) fn check_text(text: &str) -> Result<(), Failure> {
    if text.contains(|character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
        return Err(Failure::invalid_arguments("text: it has a control character; write plain text and line breaks"));
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(Failure::invalid_arguments(format!(
            "text: it has more than {TEXT_CHARS_MAX} characters; write a shorter one"
        )));
    }
    Ok(())
}
