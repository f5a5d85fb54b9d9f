//! What a server found, compared with what was asked for: a server may leave a parameter out of account, and give strangers.
//! No comparison is closer than that of a server that searches as FHIR says (<https://hl7.org/fhir/R4/search.html#string>).

use aftercall::{Day, Instant};

/// How far from UTC a server's clock may be, in milliseconds.
const BEHIND_MS_MAX: u64 = 12 * 3_600_000;
const AHEAD_MS_MAX: u64 = 14 * 3_600_000;

/// Whether a name, or a word in it, begins so: whatever the capitals, accents, hyphens and spaces.
pub(crate) fn begins(name: &str, sought: &str) -> bool {
    let sought = letters(sought);
    let mut before = ' ';
    name.char_indices().any(|(at, character)| {
        let is_first = !before.is_alphanumeric();
        before = character;
        is_first && letters(&name[at..]).starts_with(&sought)
    })
}

/// Letters and digits of a text, small and without accents.
pub(crate) fn letters(text: &str) -> String {
    let mut letters = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase).filter(|character| character.is_alphanumeric()) {
        match plain(character) {
            Some(plain) => letters.push_str(plain),
            None => letters.push(character),
        }
    }
    letters
}

/// A small letter of a European alphabet, or of the Vietnamese one, without its accent.
fn plain(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ'..='ặ' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ð' | 'ď' | 'đ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ'..='ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' | 'ọ'..='ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' | 'ụ'..='ự' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ά' => "α",
        'έ' => "ε",
        'ή' => "η",
        'ί' | 'ϊ' | 'ΐ' => "ι",
        'ό' => "ο",
        'ύ' | 'ϋ' | 'ΰ' => "υ",
        'ώ' => "ω",
        'ς' => "σ",
        'ё' => "е",
        'й' | 'ї' => "и",
        _ => return None,
    })
}

/// Whether something that begins then may lie within these days, wherever the server's clock is. What can't be read lies on
/// no day.
pub(crate) fn may_lie_within(start: &str, from: Option<Day>, to: Option<Day>) -> bool {
    if from.is_none() && to.is_none() {
        return true;
    }
    start.parse::<Instant>().is_ok_and(|start| {
        let first = Day::in_utc(start.as_ms().saturating_sub(BEHIND_MS_MAX));
        let last = Day::in_utc(start.as_ms().saturating_add(AHEAD_MS_MAX));
        from.is_none_or(|from| last >= from) && to.is_none_or(|to| first <= to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_however_they_are_written() {
        let check = |name: &str, sought: &str, expected: bool| {
            assert_eq!(begins(name, sought), expected, "{name:?} of {sought:?}");
        };
        check("Ruiz", "ruiz", true);
        check("Ruiz", "RU", true);
        check("Ruiz", "uiz", false);
        check("Ruiz", "Ruizo", false);
        check("Ruíz-Núñez", "ruiz nun", true);
        check("Rui\u{301}z", "Ruíz", true);
        check("Ruíz", "Rui\u{301}z", true);
        check("van der Berg", "Berg", true);
        check("van der Berg", "Vanderberg", true);
        check("van der Berg", "erg", false);
        check("O’Hara", "O'Hara", true);
        check("Groß", "GROSS", true);
        check("Łukasiewicz", "Lukasiewicz", true);
        check("Nguyễn", "nguyen", true);
        check("İnönü", "inonu", true);
        check("Παπαδόπουλος", "ΠΑΠΑΔΟΠΟΥΛΟΣ", true);
        check("Андрей", "андреи", true);
        check("李", "李", true);
        check("李", "王", false);
        check("", "Ruiz", false);
    }

    #[test]
    fn days_are_those_of_whatever_clock() {
        let check = |start: &str, expected: bool| {
            let day = "2026-03-05".parse().ok();
            assert_eq!(may_lie_within(start, day, day), expected, "{start}");
        };
        check("2026-03-05T10:00:00-06:00", true);
        check("2026-03-06T05:00:00Z", true);
        check("2026-03-04T11:00:00Z", true);
        check("2026-03-04T09:59:59Z", false);
        check("2026-03-06T12:00:00Z", false);
        check("soon", false);
        assert!(may_lie_within("soon", None, None));
    }
}
